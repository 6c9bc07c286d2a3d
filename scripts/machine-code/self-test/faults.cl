// faults.cl: kernels that each break one rule of a budget, one that breaks none, and one with the
// instructions for matrices. They are compiled by the self-test of the checks and never run.

#define SIZE 128

// Breaks nothing: 16 multiply-adds per two loads of 16 bytes.
__attribute__((reqd_work_group_size(SIZE, 1, 1))) kernel void clean(
    global float4 *restrict y, global const float4 *restrict x, int count) {
  local float4 left[2 * SIZE], right[2 * SIZE];
  const int item = get_local_id(0);
  float4 sum[4] = {0.0f, 0.0f, 0.0f, 0.0f};
  for (int start = 0; start < count; start += 2 * SIZE) {
    left[item] = x[start + item];
    right[item] = x[start + SIZE + item];
    barrier(CLK_LOCAL_MEM_FENCE);
#pragma unroll
    for (int k = 0; k < 16; k++) {
      const float4 a = left[item / 16 + 8 * k], b = right[item % 16 + 8 * k];
      sum[0] = fma((float4)(a.x), b, sum[0]);
      sum[1] = fma((float4)(a.y), b, sum[1]);
      sum[2] = fma((float4)(a.z), b, sum[2]);
      sum[3] = fma((float4)(a.w), b, sum[3]);
    }
  }
  y[get_global_id(0)] = sum[0] + sum[1] + sum[2] + sum[3];
}

// More sums than a work-item of so large a group has registers.
__attribute__((reqd_work_group_size(1024, 1, 1))) kernel void spills(
    global float *restrict y, global const float *restrict x, int count) {
  float sum[256];
#pragma unroll
  for (int i = 0; i < 256; i++) sum[i] = x[1024 * i + get_local_id(0)];
  for (int start = 0; start < count; start++)
#pragma unroll
    for (int i = 0; i < 256; i++) sum[i] = fma(sum[i], x[start], sum[(i + 1) % 256]);
#pragma unroll
  for (int i = 0; i < 256; i++) y[1024 * i + get_local_id(0)] = sum[i];
}

// An array whose index is not known at compile time.
kernel void scratch(global float *restrict y, global const int *restrict indices, int count) {
  const int item = get_local_id(0);
  float values[64];
  for (int i = 0; i < 64; i++) values[i] = y[64 * i + item];
  for (int i = 0; i < count; i++) values[indices[64 * i + item] & 63] += 1.0f;
  y[item] = values[indices[item] & 63];
}

// Loads single floats.
kernel void narrow(global float *restrict y, global const float *restrict x,
                   global const float *restrict w, int count, int stride) {
  float sum = 0.0f;
  for (int k = 0; k < count; k++) sum = fma(x[k * stride + get_global_id(0)], w[k * stride], sum);
  y[get_global_id(0)] = sum;
}

// Loads single floats from local memory.
kernel void local_narrow(global float *restrict y, local const float *restrict x, int count,
                         int stride) {
  const int item = get_local_id(0);
  float sum = 0.0f;
  for (int k = 0; k < count; k++) sum = fma(x[k * stride + item], x[k * stride + item + 1], sum);
  y[get_global_id(0)] = sum;
}

// A multiply-add per eight other instructions.
kernel void share(global float *restrict y, uint seed, int count) {
  float sum = 0.0f;
  for (int k = 0; k < count; k++) {
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    sum = fma(as_float(seed & 0x3FFFFFFF), 0.5f, sum);
  }
  y[get_global_id(0)] = sum;
}

// Two barriers per step.
kernel void barriers(global float *restrict y, local float *restrict x, int count) {
  const int item = get_local_id(0);
  float sum = 0.0f;
  for (int k = 0; k < count; k++) {
    x[item] = sum;
    barrier(CLK_LOCAL_MEM_FENCE);
    sum = fma(x[item ^ 1], 0.5f, sum);
    barrier(CLK_LOCAL_MEM_FENCE);
  }
  y[get_global_id(0)] = sum;
}

// 40 KiB of local memory.
kernel void local_memory(global float *restrict y, global const float *restrict x) {
  local float values[10240];
  const int item = get_local_id(0);
  for (int i = item; i < 10240; i += get_local_size(0)) values[i] = x[i];
  barrier(CLK_LOCAL_MEM_FENCE);
  y[get_global_id(0)] = values[(item * 97) % 10240];
}

#ifdef MMA_PTX

// A product of matrices, loads of matrices, and copies of 16 bytes to local memory.
kernel void matrices(global float *restrict y, global const uint *restrict x, int count) {
  local uint tile[1024];
  float c[4] = {0.0f, 0.0f, 0.0f, 0.0f};
  const uint address = (uint)(ulong)tile;
  for (int k = 0; k < count; k++) {
    uint a[4];
    __asm__ volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(address), "l"(x + 4 * k)
                     : "memory");
    __asm__ volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                     : "=r"(a[0]), "=r"(a[1]), "=r"(a[2]), "=r"(a[3])
                     : "r"(address)
                     : "memory");
    __asm__ volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, "
        "{%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(a[0]), "r"(a[1]));
  }
  y[get_global_id(0)] = c[0] + c[1] + c[2] + c[3];
}

#elif defined(__AMDGCN__)

#pragma OPENCL EXTENSION cl_khr_fp16 : enable
#if defined(__GFX9__)
#define WORDS half4
#define SUMS float4
#define MULTIPLY(a, c) __builtin_amdgcn_mfma_f32_16x16x16f16(a, a, c, 0, 0, 0)
#elif defined(__GFX12__)
#define WORDS half8
#define SUMS float8
#define MULTIPLY(a, c) __builtin_amdgcn_wmma_f32_16x16x16_f16_w32_gfx12(a, a, c)
#else
#define WORDS half16
#define SUMS float8
#define MULTIPLY(a, c) __builtin_amdgcn_wmma_f32_16x16x16_f16_w32(a, a, c)
#endif

// A product of matrices, and loads of 16 bytes from both memories.
kernel void matrices(global SUMS *restrict y, global const uint4 *restrict x, int count) {
  local uint4 tile[128];
  local const WORDS *words = (local const WORDS *)tile;
  const int item = get_local_id(0);
  SUMS c = 0.0f;
  for (int k = 0; k < count; k++) {
    tile[item] = x[64 * k + item];
    barrier(CLK_LOCAL_MEM_FENCE);
    c = MULTIPLY(words[item ^ 1], c);
  }
  y[get_global_id(0)] = c;
}

#endif
