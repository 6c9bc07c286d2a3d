// linear_matrix.cl: a linear map by matrix units that take 16-bit floats and sum in float32.
//
//   x, residual, y  [M, G K], [M, G N], [M, G N]     bias  [G N]     G groups, often 1
//   halves          [G N, P]   the weight as float16, P = K rounded up to DEPTH, zeros beyond K
//
//   y[m, g n] = activation(sum_k half(x[m, g k]) halves[g n, k] + bias[g n]) + residual[m, g n]
//
// A work-group of WARPS_Y x WARPS_X warps of 32 work-items computes a tile of TILE_ROWS x
// TILE_COLUMNS, each warp MMA_Y x MMA_X products of 16 x 8. DEPTH steps along K of both factors lie
// in local memory as float16, K last; 8 more a row let the lanes of a fragment fall into different
// banks. Inputs beyond float16 saturate. `bias` and `residual` may be null; `activation` as in
// linear_tile.cl. Global size (ceil(M / TILE_ROWS) ITEMS, ceil(N / TILE_COLUMNS), G).
//
// With PTX the product of fragments is NVIDIA's instruction mma.sync.m16n8k16, on compute
// capability 8.0 and later. Without, the same fragments are exchanged through local memory and
// multiplied in float32: slow, and there to check the rest of the kernel on any device.
// CPU reference: Sources/DVTReference/ReferenceBackend+Linear.swift
// Fragments: NVIDIA, PTX ISA, "Matrix fragments for mma.m16n8k16 with floating point type"

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

// halves[n, k] as float16; one work-item per element of a row, striding over rows.
kernel void weight_to_halves(global ushort *restrict halves, global const float *restrict weight,
                             int inputs, int outputs, int pitch) {
  const int k = get_global_id(0);
  if (k >= pitch) return;
  for (int n = get_global_id(1); n < outputs; n += get_global_size(1)) {
    const float value = k < inputs ? weight[(size_t)n * inputs + k] : 0.0f;
    vstore_half_rte(value, (size_t)n * pitch + k, (global half *)halves);
  }
}

// What float16 holds of x; comparisons let NaN through.
static inline float saturated(float x) {
  return x > 65504.0f ? 65504.0f : x < -65504.0f ? -65504.0f : x;
}

#ifdef PTX

#ifdef __NV_CL_C_VERSION
#define ASM asm volatile
#else
#define ASM __asm__ volatile  // clang, which only compiles it
#endif

static inline int lane_of(int item) {
  uint lane;
  ASM("mov.u32 %0, %%laneid;" : "=r"(lane));
  return lane;
}

// c += a b for the fragments of a warp.
#define MULTIPLY(c, a, b)                                                    \
  ASM("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, " \
      "{%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"                        \
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])                       \
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]))
#define EXCHANGE_MEMORY

#else

static inline int lane_of(int item) { return item % 32; }

// One number of a fragment that a lane of this warp holds: the low or high half of a word.
static inline float fragment(local const uint *restrict words, int lane, int word, int high) {
  return vload_half(2 * (6 * lane + word) + high, (local const half *)words);
}

// The words of all lanes lie in local memory; each lane sums its four numbers.
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
    global float *restrict y, global const float *restrict x, global const ushort *restrict halves,
    global const float *restrict bias, global const float *restrict residual, int rows, int inputs,
    int outputs, int activation) {
  local ushort left[TILE_ROWS * PITCH] __attribute__((aligned(16)));
  local ushort right[TILE_COLUMNS * PITCH] __attribute__((aligned(16)));
  EXCHANGE_MEMORY
  const int item = get_local_id(0), lane = lane_of(item), warp = item / 32;
  const int first_row = get_group_id(0) * TILE_ROWS, warp_row = warp / WARPS_X * 16 * MMA_Y;
  const int first_column = get_group_id(1) * TILE_COLUMNS, warp_column = warp % WARPS_X * 8 * MMA_X;
  const int pitch = (inputs + DEPTH - 1) / DEPTH * DEPTH;
  const int group = get_group_id(2), groups = get_num_groups(2);
  x += (size_t)group * inputs;
  halves += (size_t)group * outputs * pitch;
  if (bias) bias += group * outputs;

  float c[MMA_Y][MMA_X][4];
#pragma unroll
  for (int i = 0; i < MMA_Y; i++)
#pragma unroll
    for (int j = 0; j < MMA_X; j++)
#pragma unroll
      for (int e = 0; e < 4; e++) c[i][j][e] = 0.0f;

  for (int start = 0; start < inputs; start += DEPTH) {
    barrier(CLK_LOCAL_MEM_FENCE);  // the last tiles are no longer read
    for (int e = item; e < TILE_ROWS * DEPTH; e += ITEMS) {
      const int k = e % DEPTH, r = e / DEPTH;
      const int inside = first_row + r < rows && start + k < inputs;
      const float value = inside ? x[(size_t)(first_row + r) * groups * inputs + start + k] : 0.0f;
      vstore_half_rte(saturated(value), r * PITCH + k, (local half *)left);
    }
    for (int e = item; e < TILE_COLUMNS * DEPTH; e += ITEMS) {
      const int k = e % DEPTH, n = e / DEPTH;
      right[n * PITCH + k] =
          first_column + n < outputs ? halves[(size_t)(first_column + n) * pitch + start + k]
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
        y[index] = value + (residual ? residual[index] : 0.0f);
      }
}
