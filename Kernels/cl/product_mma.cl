// product_mma.cl: products of matrices on matrix instructions, in 16 bits, either factor stored by
// rows or by depth, as the backward pass needs them; see mma.cl.
//
//   left   [M, K], with LEFT_BY_DEPTH [K, M]     rows M, depth K
//   right  [N, K], with RIGHT_BY_DEPTH [K, N]    columns N
//   y      [M, N]                                elements, with OUTPUT_FLOAT32 float
//
//   y[m, n] = scale sum_k left[m, k] right[n, k]
//
// Rows of a matrix are `pitch` elements apart. The matrices of product p, the group number along
// dimension 2, begin at element first + p / inner * outer + p % inner * inner: heads within
// images. With CHUNKED, product p sums the steps p * chunk to (p + 1) *
// chunk of the depth instead, and y is [P, M, N]: a weight's gradient has few elements and sums
// over many rows.
//
// Pitches, steps of factors and K, or if a factor is stored by depth its M or N, are multiples of
// 8; beyond, up to the pitch, factors stored by rows hold zeros. If N is odd, y has room for a
// column more. Rows and columns beyond the last repeat it and are not stored.
//
// The scheme is that of linear_mma.cl: SIDE x SIDE subgroups of FRAGMENTS x FRAGMENTS fragments,
// and STAGES stages of DEPTH elements in local memory.
//
// Global size (ceil(N / TILE_COLUMNS) ITEMS, ceil(M / TILE_ROWS), products), local size
// (ITEMS, 1, 1).
//
// CPU reference: Sources/DVTReference/Gradients

#if ELEMENT_BITS != 16
#error matrix instructions compute the backward pass in 16 bits only
#endif

#ifndef FRAGMENTS
#define FRAGMENTS 4  // of a subgroup along rows and along columns
#endif
#define SIDE 2  // subgroups along rows and along columns
#define DEPTH 32
#define STAGES 3

#include "mma.cl"

#define ITEMS (MMA_LANES * SIDE * SIDE)
#define TILE_ROWS (16 * FRAGMENTS * SIDE)
#define TILE_COLUMNS (16 * FRAGMENTS * SIDE)
#define DEPTH_CHUNKS (DEPTH / 8)
#define TILE_CHUNKS (TILE_ROWS / 8)
#define TILE_BYTES (TILE_ROWS * DEPTH * 2)
#define STAGE_BYTES (2 * TILE_BYTES)
#define COPIES (TILE_ROWS * DEPTH_CHUNKS / ITEMS)  // of a work-item, for a factor's stage
#if TILE_ROWS * DEPTH_CHUNKS % ITEMS
#error a stage is no multiple of what the work-group copies at once
#endif

// A factor of the tile: its matrix, the first row of the tile and the number of rows.
typedef struct {
  global const element *matrix;
  int pitch, first, rows;
} factor_t;

// Starts the copies of a factor's stage, which begins at step `start` of `depth`.
static inline void copy_rows_of(subgroup_t *g, local uchar *to, const factor_t *f, int start,
                                int depth) {
  UNROLL
  for (int i = 0; i < COPIES; i++) {
    const int e = g->item + i * ITEMS, r = e / DEPTH_CHUNKS, c = e % DEPTH_CHUNKS;
    const int at = start + 8 * c, is_inside = at < depth, row = min(f->first + r, f->rows - 1);
    copy_async(g, to + CHUNK_OFFSET(r, c, DEPTH_CHUNKS),
               (global const uchar *)(f->matrix + (size_t)row * f->pitch + (is_inside ? at : 0)),
               is_inside);
  }
}

// The same of a factor that is stored by depth.
static inline void copy_depth_of(subgroup_t *g, local uchar *to, const factor_t *f, int start,
                                 int depth) {
  UNROLL
  for (int i = 0; i < COPIES; i++) {
    const int e = g->item + i * ITEMS, k = e / TILE_CHUNKS, c = e % TILE_CHUNKS;
    const int at = start + k, is_inside = at < depth;
    const int column = min(f->first + 8 * c, (f->rows - 1) / 8 * 8);
    copy_async(g, to + CHUNK_OFFSET(k, c, TILE_CHUNKS),
               (global const uchar *)(f->matrix + (size_t)(is_inside ? at : 0) * f->pitch + column),
               is_inside);
  }
}

// The fragment of 16 rows from `row` on, at depth 16 `turn`.
#ifdef LEFT_BY_DEPTH
#define copy_left copy_depth_of
#define load_left(g, f, tile, row, turn) \
  load_a_transposed(g, f, (tile) + 16 * (turn)*TILE_CHUNKS * 16, (row) / 8, TILE_CHUNKS)
#else
#define copy_left copy_rows_of
#define load_left(g, f, tile, row, turn) \
  load_a(g, f, (tile) + (row)*DEPTH_CHUNKS * 16, 2 * (turn), DEPTH_CHUNKS)
#endif
#ifdef RIGHT_BY_DEPTH
#define copy_right copy_depth_of
#define load_right(g, f, tile, row, turn) \
  load_b_transposed(g, f, (tile) + 16 * (turn)*TILE_CHUNKS * 16, (row) / 8, TILE_CHUNKS)
#else
#define copy_right copy_rows_of
#define load_right(g, f, tile, row, turn) \
  load_b(g, f, (tile) + (row)*DEPTH_CHUNKS * 16, 2 * (turn), DEPTH_CHUNKS)
#endif

static inline void copy_stage(subgroup_t *g, local uchar *stage, const factor_t *left,
                              const factor_t *right, int start, int depth) {
  copy_left(g, stage, left, start, depth);
  copy_right(g, stage + TILE_BYTES, right, start, depth);
}

MMA_KERNEL kernel void product_mma(
    global output_element *restrict y, global const element *restrict left,
    global const element *restrict right, int rows, int columns, int depth, float scale,
    int y_pitch, int left_pitch, int right_pitch
#ifdef CHUNKED
    ,
    int chunk
#else
    ,
    int inner, int y_first, int y_outer, int y_inner, int left_first, int left_outer,
    int left_inner, int right_first, int right_outer, int right_inner
#endif
) {
  local uchar memory[STAGES * STAGE_BYTES] __attribute__((aligned(128)));
  SUBGROUP(g);
  const size_t product = get_group_id(2);
#ifdef CHUNKED
  const size_t start = product * chunk;
  y += product * rows * y_pitch;
#ifdef LEFT_BY_DEPTH
  left += start * left_pitch;
#else
  left += start;
#endif
#ifdef RIGHT_BY_DEPTH
  right += start * right_pitch;
#else
  right += start;
#endif
  depth = min(chunk, depth - (int)start);
#else
  y += y_first + product / inner * y_outer + product % inner * y_inner;
  left += left_first + product / inner * left_outer + product % inner * left_inner;
  right += right_first + product / inner * right_outer + product % inner * right_inner;
#endif
  const factor_t left_factor = {left, left_pitch, get_group_id(1) * TILE_ROWS, rows};
  const factor_t right_factor = {right, right_pitch, get_group_id(0) * TILE_COLUMNS, columns};
  const int own_subgroup = g.item / MMA_LANES;
  const int own_row = own_subgroup / SIDE * 16 * FRAGMENTS;
  const int own_column = own_subgroup % SIDE * 16 * FRAGMENTS;

  float sums[FRAGMENTS][FRAGMENTS][MMA_SUMS];
  UNROLL
  for (int i = 0; i < FRAGMENTS; i++) {
    UNROLL
    for (int j = 0; j < FRAGMENTS; j++) {
      UNROLL
      for (int e = 0; e < MMA_SUMS; e++) sums[i][j][e] = 0.0f;
    }
  }

  const int steps = (depth + DEPTH - 1) / DEPTH;
  UNROLL
  for (int s = 0; s < STAGES - 1; s++) {
    COPIES_IF (s < steps)
      copy_stage(&g, memory + s * STAGE_BYTES, &left_factor, &right_factor, s * DEPTH, depth);
    commit_copies(&g);
    finish_copies(&g);
  }
  int stage = 0, free_stage = STAGES - 1;
  NO_UNROLL
  for (int step = 0; step < steps; step++) {
    wait_copies(&g, STAGES - 2);
    barrier(CLK_LOCAL_MEM_FENCE);  // this stage has arrived, and the one before has been read
    COPIES_IF (step + STAGES - 1 < steps)
      copy_stage(&g, memory + free_stage * STAGE_BYTES, &left_factor, &right_factor,
                 (step + STAGES - 1) * DEPTH, depth);
    commit_copies(&g);
    local const uchar *tile = memory + stage * STAGE_BYTES;
    UNROLL
    for (int turn = 0; turn < DEPTH / 16; turn++) {
      uint a[FRAGMENTS][MMA_WORDS], b[FRAGMENTS][MMA_WORDS];
      UNROLL
      for (int i = 0; i < FRAGMENTS; i++) load_left(&g, a[i], tile, own_row + 16 * i, turn);
      UNROLL
      for (int j = 0; j < FRAGMENTS; j++)
        load_right(&g, b[j], tile + TILE_BYTES, own_column + 16 * j, turn);
      UNROLL
      for (int i = 0; i < FRAGMENTS; i++) {
        UNROLL
        for (int j = 0; j < FRAGMENTS; j++) multiply_add(&g, sums[i][j], a[i], b[j]);
      }
    }
    finish_copies(&g);
    stage = stage + 1 == STAGES ? 0 : stage + 1;
    free_stage = free_stage + 1 == STAGES ? 0 : free_stage + 1;
  }
  wait_copies(&g, 0);

  UNROLL
  for (int i = 0; i < FRAGMENTS; i++) {
    UNROLL
    for (int j = 0; j < FRAGMENTS; j++) {
      UNROLL
      for (int e = 0; e < MMA_SUMS; e += 2) {  // two neighboring columns
        const int row = left_factor.first + own_row + 16 * i + sum_row(&g, e);
        const int column = right_factor.first + own_column + 16 * j + sum_column(&g, e);
        if (row >= rows || column >= columns) continue;
        global output_element *to = y + (size_t)row * y_pitch + column;
        const float first = sums[i][j][e] * scale, second = sums[i][j][e + 1] * scale;
#ifdef OUTPUT_FLOAT32
        *(global float2 *)to = (float2)(first, second);
#else
        *(global uint *)to = pack2(first, second);
#endif
      }
    }
  }
}
