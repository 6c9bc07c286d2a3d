// linear_matrix.cl: a linear layer on tensor cores, with 16-bit elements and float32 sums.
//
//   x            [M, G K]      rows M, inputs K, groups G (usually 1)
//   y, residual  [M, G N]      outputs N; residual may be null
//   bias         [G N]         may be null
//   padded       [G N, P]      the weight; P = K rounded up to DEPTH, zeros beyond K
//   activation   0 identity, 1 GELU (erf), 2 GELU (tanh)
//
//   y[m, g n] = activation(sum_k x[m, g k] padded[g n, k] + bias[g n]) + residual[m, g n]
//
// Work-groups: WARPS_Y x WARPS_X warps of 32 work-items compute a tile of TILE_ROWS x TILE_COLUMNS;
// each warp computes MMA_Y x MMA_X fragments of 16 x 8. DEPTH steps along K of both factors are
// staged in local memory, K innermost; the row pitch is 8 elements larger, so
// that the lanes of a fragment access different banks.
// Global size (ceil(M / TILE_ROWS) ITEMS, ceil(N / TILE_COLUMNS), G), local size (ITEMS, 1, 1).
//
// With PTX defined, fragments are multiplied by NVIDIA's mma.sync.m16n8k16 (compute capability 8.0
// or later). Otherwise the lanes exchange the same fragments through local memory and multiply them
// in float32. That is slow; it tests the rest of the kernel on any device.
// CPU reference: Sources/DVTReference/Operations/ReferenceBackend+Linear.swift
// Fragments: NVIDIA, PTX ISA, "Matrix fragments for mma.m16n8k16 with floating point type"

#if ELEMENT_BITS != 16
#error tensor cores need 16-bit elements
#endif

#define WARPS_X 2
#define WARPS_Y 2
#define MMA_X 4
#define MMA_Y 2
#define DEPTH 32
#define PITCH (DEPTH + 8)
#define WARPS (WARPS_X * WARPS_Y)
#define ITEMS (32 * WARPS)
#define TILE_ROWS (16 * MMA_Y * WARPS_Y)
#define TILE_COLUMNS (8 * MMA_X * WARPS_X)

// padded [outputs, pitch] = weight [outputs, inputs], zeros beyond `inputs`. One work-item per
// column along dimension 0; along dimension 1 each strides over rows.
kernel void pad_rows(global element *restrict padded, global const element *restrict weight,
                     int inputs, int outputs, int pitch) {
  const int k = get_global_id(0);
  if (k >= pitch) return;
  for (int n = get_global_id(1); n < outputs; n += get_global_size(1))
    padded[(size_t)n * pitch + k] = k < inputs ? weight[(size_t)n * inputs + k] : 0;
}

#ifdef PTX

#ifdef __NV_CL_C_VERSION
#define ASM asm volatile
#else
#define ASM __asm__ volatile  // clang, compile check only
#endif

static inline int lane_of(int item) {
  uint lane;
  ASM("mov.u32 %0, %%laneid;" : "=r"(lane));
  return lane;
}

#ifdef ELEMENT_BFLOAT16
#define FACTORS "bf16.bf16"
#else
#define FACTORS "f16.f16"
#endif

// c += a b for one fragment of a warp.
#define MULTIPLY(c, a, b)                              \
  ASM("mma.sync.aligned.m16n8k16.row.col.f32." FACTORS \
      ".f32 {%0, %1, %2, %3}, "                        \
      "{%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"  \
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3]) \
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]))
#define EXCHANGE_MEMORY

#else

static inline int lane_of(int item) { return item % 32; }

// One element of the fragments of lane `lane`: the low or high 16 bits of a word.
static inline float fragment(local const uint *restrict words, int lane, int word, int high) {
  const int index = 2 * (6 * lane + word) + high;
#ifdef ELEMENT_BFLOAT16
  return as_float((uint)((local const ushort *)words)[index] << 16);
#else
  return vload_half(index, (local const half *)words);
#endif
}

// Adds the product to a lane's four elements of c, from the words of all lanes in local memory.
static inline void multiply_exchanged(float *c, local const uint *restrict words, int lane) {
  for (int e = 0; e < 4; e++) {
    const int row = lane / 4 + (e / 2) * 8, column = lane % 4 * 2 + e % 2;
    for (int k = 0; k < 16; k++) {
      const int from = k % 8 / 2, half_of = k % 2;
      const float x = fragment(words, row % 8 * 4 + from, row / 8 + k / 8 * 2, half_of);
      const float y = fragment(words, column * 4 + from, 4 + k / 8, half_of);
      c[e] = fma(x, y, c[e]);
    }
  }
}

#define MULTIPLY(c, a, b)                                          \
  do {                                                             \
    for (int w = 0; w < 4; w++) exchange[6 * item + w] = a[w];     \
    for (int w = 0; w < 2; w++) exchange[6 * item + 4 + w] = b[w]; \
    barrier(CLK_LOCAL_MEM_FENCE);                                  \
    multiply_exchanged(c, exchange + item / 32 * 32 * 6, lane);    \
    barrier(CLK_LOCAL_MEM_FENCE);                                  \
  } while (0)
#define EXCHANGE_MEMORY local uint exchange[6 * ITEMS];

#endif

__attribute__((reqd_work_group_size(ITEMS, 1, 1))) kernel void linear_matrix(
    global output_element *restrict y, global const element *restrict x,
    global const element *restrict padded, global const float *restrict bias,
    global const element *restrict residual, int rows, int inputs, int outputs, int activation) {
  local ushort left[TILE_ROWS * PITCH] __attribute__((aligned(16)));
  local ushort right[TILE_COLUMNS * PITCH] __attribute__((aligned(16)));
  EXCHANGE_MEMORY
  const int item = get_local_id(0), lane = lane_of(item), warp = item / 32;
  const int first_row = get_group_id(0) * TILE_ROWS, warp_row = warp / WARPS_X * 16 * MMA_Y;
  const int first_column = get_group_id(1) * TILE_COLUMNS, warp_column = warp % WARPS_X * 8 * MMA_X;
  const int pitch = (inputs + DEPTH - 1) / DEPTH * DEPTH;
  const int group = get_group_id(2), groups = get_num_groups(2);
  x += (size_t)group * inputs;
  padded += (size_t)group * outputs * pitch;
  if (bias) bias += group * outputs;

  float c[MMA_Y][MMA_X][4];
#pragma unroll
  for (int i = 0; i < MMA_Y; i++)
#pragma unroll
    for (int j = 0; j < MMA_X; j++)
#pragma unroll
      for (int e = 0; e < 4; e++) c[i][j][e] = 0.0f;

  for (int start = 0; start < inputs; start += DEPTH) {
    barrier(CLK_LOCAL_MEM_FENCE);  // the previous tiles have been read
    for (int e = item; e < TILE_ROWS * DEPTH; e += ITEMS) {
      const int k = e % DEPTH, r = e / DEPTH;
      const int inside = first_row + r < rows && start + k < inputs;
      left[r * PITCH + k] =
          inside ? x[(size_t)(first_row + r) * groups * inputs + start + k] : (ushort)0;
    }
    for (int e = item; e < TILE_COLUMNS * DEPTH; e += ITEMS) {
      const int k = e % DEPTH, n = e / DEPTH;
      right[n * PITCH + k] =
          first_column + n < outputs ? padded[(size_t)(first_column + n) * pitch + start + k]
                                     : (ushort)0;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
#pragma unroll
    for (int step = 0; step < DEPTH; step += 16) {
      uint a[MMA_Y][4], b[MMA_X][2];
#pragma unroll
      for (int i = 0; i < MMA_Y; i++)
#pragma unroll
        for (int w = 0; w < 4; w++) {
          const int r = warp_row + 16 * i + lane / 4 + w % 2 * 8;
          const int k = step + lane % 4 * 2 + w / 2 * 8;
          a[i][w] = *(local const uint *)(left + r * PITCH + k);
        }
#pragma unroll
      for (int j = 0; j < MMA_X; j++)
#pragma unroll
        for (int w = 0; w < 2; w++) {
          const int n = warp_column + 8 * j + lane / 4, k = step + lane % 4 * 2 + w * 8;
          b[j][w] = *(local const uint *)(right + n * PITCH + k);
        }
#pragma unroll
      for (int i = 0; i < MMA_Y; i++)
#pragma unroll
        for (int j = 0; j < MMA_X; j++) MULTIPLY(c[i][j], a[i], b[j]);
    }
  }
#pragma unroll
  for (int i = 0; i < MMA_Y; i++)
#pragma unroll
    for (int j = 0; j < MMA_X; j++)
#pragma unroll
      for (int e = 0; e < 4; e++) {
        const int row = first_row + warp_row + 16 * i + lane / 4 + e / 2 * 8;
        const int column = first_column + warp_column + 8 * j + lane % 4 * 2 + e % 2;
        if (row >= rows || column >= outputs) continue;
        const size_t index = ((size_t)row * groups + group) * outputs + column;
        const float value = activated(c[i][j][e] + (bias ? bias[column] : 0.0f), activation);
        store_output(y + index, value + (residual ? load(residual + index) : 0.0f));
      }
}
