// linear_tile.cl: a linear layer in one kernel, for devices that run many work-items and tile in
// local memory (GPUs).
//
//   x            [M, G K]      rows M, inputs K, groups G (usually 1)
//   y, residual  [M, G N]      outputs N; residual may be null
//   weight       [G N, K]
//   bias         [G N]         may be null
//   activation   0 identity, 1 GELU (erf), 2 GELU (tanh)
//
//   y[m, g n] = activation(sum_k x[m, g k] weight[g n, k] + bias[g n]) + residual[m, g n]
//
// Variants for the products of the backward pass and of relation reuse:
//   LEFT_BY_DEPTH 1   x is [K, M]
//   RIGHT_BY_DEPTH 1  weight is [K, N]
//   CHUNKED           groups are chunks of K, with partial results y [G, M, N]: a weight's gradient
//                     has few elements and sums over many rows
//   BATCHED           each group has its own right factor and result, [G, K, N] and [G, M, N],
//                     numbered from first_factor and first_result; the bias is [M], one per row
//
// Work-groups: ITEMS_X x ITEMS_Y work-items compute a tile of TILE_ROWS x TILE_COLUMNS; each keeps
// QUADS_Y x QUADS_X blocks of 4 x 4 sums in registers. DEPTH steps along K of both factors are
// staged in local memory, K-major, so that a work-item reads four rows or columns at once. The
// blocks of a work-item are interleaved with its neighbors', so that neighbors read neighboring
// words. Bias, activation and residual are applied before the result is stored.
// Global size (ceil(M / TILE_ROWS) ITEMS_X, ceil(N / TILE_COLUMNS) ITEMS_Y, G); rows are along
// dimension 0 because devices limit the groups of the others. Local size (ITEMS_X, ITEMS_Y, 1).
// CPU reference: Sources/DVTReference/Operations/ReferenceBackend+Linear.swift
// Scheme: Volkov and Demmel, Benchmarking GPUs to Tune Dense Linear Algebra, SC 2008

#ifndef ITEMS_X
#define ITEMS_X 16  // work-items along columns
#endif
#ifndef ITEMS_Y
#define ITEMS_Y 16  // work-items along rows
#endif
#ifndef QUADS_X
#define QUADS_X 1  // blocks of a work-item along columns
#endif
#ifndef QUADS_Y
#define QUADS_Y 1  // blocks of a work-item along rows
#endif
#ifndef DEPTH
#define DEPTH 16  // steps along K of a tile
#endif
#ifndef LEFT_BY_DEPTH
#define LEFT_BY_DEPTH 0
#endif
#ifndef RIGHT_BY_DEPTH
#define RIGHT_BY_DEPTH 0
#endif
#define ITEMS (ITEMS_X * ITEMS_Y)
#define TILE_ROWS (4 * ITEMS_Y * QUADS_Y)
#define TILE_COLUMNS (4 * ITEMS_X * QUADS_X)

// tile[k][r] = matrix[first + r, start + k], zeros outside. With `by_depth` the matrix is stored
// transposed. Rows of the matrix are `stride` apart, rows of the tile `pitch`. Neighboring
// work-items read neighboring elements.
static inline void load_tile(local float *restrict tile, int pitch, int tile_rows,
                             global const element *restrict matrix, size_t stride, int by_depth,
                             int first, int rows, int start, int depth, int item) {
  for (int e = item; e < tile_rows * DEPTH; e += ITEMS) {
    const int k = by_depth ? e / tile_rows : e % DEPTH, r = by_depth ? e % tile_rows : e / DEPTH;
    const int inside = first + r < rows && start + k < depth;
    const int row = by_depth ? start + k : first + r, column = by_depth ? first + r : start + k;
    tile[k * pitch + r] = inside ? load(matrix + row * stride + column) : 0.0f;
  }
}

// The bias of four columns, zeros beyond the last.
static inline float4 bias_of(global const float *restrict bias, int column, int outputs) {
  return (float4)(column < outputs ? bias[column] : 0.0f,
                  column + 1 < outputs ? bias[column + 1] : 0.0f,
                  column + 2 < outputs ? bias[column + 2] : 0.0f,
                  column + 3 < outputs ? bias[column + 3] : 0.0f);
}

__attribute__((reqd_work_group_size(ITEMS_X, ITEMS_Y, 1))) kernel void linear_tile(
    global output_element *restrict y, global const element *restrict x,
    global const element *restrict weight, global const float *restrict bias,
    global const element *restrict residual, int rows, int inputs, int outputs, int activation
#ifdef BATCHED
    ,
    int first_factor, int first_result
#endif
) {
  // + 1: the rows of a tile start in different banks.
  local float4 left[DEPTH][TILE_ROWS / 4 + 1], right[DEPTH][TILE_COLUMNS / 4 + 1];
  const int item_x = get_local_id(0), item_y = get_local_id(1), item = item_y * ITEMS_X + item_x;
  const int first_row = get_group_id(0) * TILE_ROWS;
  const int first_column = get_group_id(1) * TILE_COLUMNS;
#ifdef CHUNKED
  const int group = 0, groups = 1, chunks = get_num_groups(2), chunk = get_group_id(2);
  const int length = (inputs + chunks - 1) / chunks;
  const int begin = min(chunk * length, inputs), end = min(begin + length, inputs);
  y += (size_t)chunk * rows * outputs;
#elif defined(BATCHED)
  const int group = 0, groups = 1, begin = 0, end = inputs;
  weight += (first_factor + get_group_id(2)) * inputs * outputs;
  y += (first_result + get_group_id(2)) * rows * outputs;
#else
  const int group = get_group_id(2), groups = get_num_groups(2), begin = 0, end = inputs;
  x += (size_t)group * inputs;
  weight += (size_t)group * outputs * inputs;
  if (bias) bias += group * outputs;
#endif

  float4 sum[QUADS_Y][4][QUADS_X];
#pragma unroll
  for (int i = 0; i < QUADS_Y; i++)
#pragma unroll
    for (int r = 0; r < 4; r++)
#pragma unroll
      for (int j = 0; j < QUADS_X; j++) sum[i][r][j] = 0.0f;

  for (int start = begin; start < end; start += DEPTH) {
    barrier(CLK_LOCAL_MEM_FENCE);  // the previous tiles have been read
    load_tile((local float *)left, TILE_ROWS + 4, TILE_ROWS, x,
              LEFT_BY_DEPTH ? (size_t)rows : (size_t)groups * inputs, LEFT_BY_DEPTH, first_row,
              rows, start, end, item);
    load_tile((local float *)right, TILE_COLUMNS + 4, TILE_COLUMNS, weight,
              RIGHT_BY_DEPTH ? outputs : inputs, RIGHT_BY_DEPTH, first_column, outputs, start, end,
              item);
    barrier(CLK_LOCAL_MEM_FENCE);
#pragma unroll
    for (int k = 0; k < DEPTH; k++) {
      float4 b[QUADS_X];
#pragma unroll
      for (int j = 0; j < QUADS_X; j++) b[j] = right[k][j * ITEMS_X + item_x];
#pragma unroll
      for (int i = 0; i < QUADS_Y; i++) {
        const float4 a = left[k][i * ITEMS_Y + item_y];
#pragma unroll
        for (int j = 0; j < QUADS_X; j++) {
          sum[i][0][j] = fma((float4)(a.x), b[j], sum[i][0][j]);
          sum[i][1][j] = fma((float4)(a.y), b[j], sum[i][1][j]);
          sum[i][2][j] = fma((float4)(a.z), b[j], sum[i][2][j]);
          sum[i][3][j] = fma((float4)(a.w), b[j], sum[i][3][j]);
        }
      }
    }
  }
#pragma unroll
  for (int i = 0; i < QUADS_Y; i++)
#pragma unroll
    for (int r = 0; r < 4; r++) {
      const int row = first_row + 4 * (i * ITEMS_Y + item_y) + r;
      if (row >= rows) continue;
#pragma unroll
      for (int j = 0; j < QUADS_X; j++) {
        const int column = first_column + 4 * (j * ITEMS_X + item_x);
#ifdef BATCHED
        const float4 added = bias ? bias[row] : 0.0f;
#else
        const float4 added = bias ? bias_of(bias, column, outputs) : 0.0f;
#endif
        const float4 result = activated4(sum[i][r][j] + added, activation);
        const float value[4] = {result.x, result.y, result.z, result.w};
#pragma unroll
        for (int c = 0; c < 4; c++) {
          if (column + c >= outputs) continue;
          const size_t index = ((size_t)row * groups + group) * outputs + column + c;
          store_output(y + index, value[c] + (residual ? load(residual + index) : 0.0f));
        }
      }
    }
}
