// linear_mma.cl: a linear layer on matrix instructions; see mma.cl.
//
//   x            [M, G K]      rows M, inputs K, groups G (usually 1)
//   y, residual  [M, G N]      outputs N; residual may be null
//   bias         [G N]         may be null
//   padded       [G N, P]      the weight; P = K rounded up to 16 bytes, zeros beyond K
//   activation   0 identity, 1 GELU (erf), 2 GELU (tanh)
//
//   y[m, g n] = activation(sum_k x[m, g k] padded[g n, k] + bias[g n]) + residual[m, g n]
//
// SUBGROUPS_Y x SUBGROUPS_X subgroups compute a tile of TILE_ROWS x TILE_COLUMNS, each of them
// FRAGMENTS_Y x FRAGMENTS_X fragments of 16 x 16. STAGES stages in local memory hold ROW bytes of
// the depth of all rows and columns of the tile: one stage is multiplied while the others are
// copied. Rows beyond the last repeat it and are not stored, so the loop checks the end of K only.
// With SUBGROUPS_K > 1, that many subgroups share each stage's depth, which shortens the chain of
// steps where there are few tiles; their sums are added in local memory. The sums pass through
// local memory in strips of 16 rows, so that bias, activation and residual are one small loop and
// whole lines are written.
//
//   X_UNALIGNED  rows of x do not begin at multiples of 16 bytes
//   Y_UNALIGNED  N is no multiple of 4
//   NORM         x is normalized first; see below
//
// Global size (ceil(N / TILE_COLUMNS) ITEMS, ceil(M / TILE_ROWS), G), local size (ITEMS, 1, 1):
// work-groups that run together share rows of x.
//
// NORM: padded = weight diag(scale), and bias includes weight shift, as stack_layer writes them, so
//
//   LayerNorm(x) weight^T = (x padded^T - mean column_sums) / deviation
//   column_sums[n] = sum_k padded[n, k]
//
// and the normalized x exists nowhere. The moments of each row are summed while its stages pass by,
// relative to the row's first element, so that a large mean does not cancel. Of the K inputs,
// `x_inputs` are those of x, the others those of features [M, K - x_inputs]; both counts are
// multiples of 8.
//
// CPU reference: Sources/DVTReference/Operations/ReferenceBackend+Linear.swift

#ifndef FRAGMENTS_Y
#define FRAGMENTS_Y 4
#define FRAGMENTS_X 4
#define SUBGROUPS_Y 2
#define SUBGROUPS_X 2
#define SUBGROUPS_K 1
#define ROW 64
#define STAGES 3
#endif

#include "mma.cl"

#define TILE_SUBGROUPS (SUBGROUPS_Y * SUBGROUPS_X)
#define ITEMS (MMA_LANES * TILE_SUBGROUPS * SUBGROUPS_K)
#define TILE_ROWS (16 * FRAGMENTS_Y * SUBGROUPS_Y)
#define TILE_COLUMNS (16 * FRAGMENTS_X * SUBGROUPS_X)
#define CHUNKS (ROW / 16)
#define CHUNK_ELEMENTS (16 / ELEMENT_BYTES)
#define COPY_ROWS (ITEMS / CHUNKS)  // rows that the work-group copies at once
#if TILE_ROWS % COPY_ROWS || TILE_COLUMNS % COPY_ROWS || ROW / 32 % SUBGROUPS_K
#error the tile is no multiple of what the work-group copies at once
#endif
#define ROW_COPIES (TILE_ROWS / COPY_ROWS)
#define COLUMN_COPIES (TILE_COLUMNS / COPY_ROWS)
#if defined(COPIES_BY_REGISTERS) && ROW_COPIES + COLUMN_COPIES > HELD_COPIES
#error registers do not hold the copies
#endif
#define STAGE_BYTES ((TILE_ROWS + TILE_COLUMNS) * ROW)
#define ROW_ITEMS (ITEMS / TILE_ROWS > 1 ? ITEMS / TILE_ROWS : 1)  // that sum a row's moments
#if defined(NORM) && (CHUNKS % ROW_ITEMS || ITEMS < TILE_ROWS)
#error every row needs an item, and the items of a row must share its chunks evenly
#endif
#define STRIP_COLUMNS (16 * FRAGMENTS_X)
#define STRIP_PITCH (STRIP_COLUMNS + 8)
#define STRIP_FLOATS (16 * STRIP_PITCH)
#define STRIPS_BYTES (TILE_SUBGROUPS * SUBGROUPS_K * STRIP_FLOATS * 4)
#define STRIP_LANES (STRIP_COLUMNS / 4)       // lanes that store a row
#define STRIP_ROWS (MMA_LANES / STRIP_LANES)  // rows that a subgroup stores at once
#define STORING_LANES (STRIP_LANES * STRIP_ROWS)
#if STRIP_ROWS == 0
#error a subgroup must have a lane for every four columns
#endif
#ifdef NORM
#define LAST_BYTES (STRIPS_BYTES + ITEMS * 8 + TILE_ROWS * 8)
#else
#define LAST_BYTES STRIPS_BYTES
#endif
#define MEMORY_BYTES (STAGES * STAGE_BYTES > LAST_BYTES ? STAGES * STAGE_BYTES : LAST_BYTES)

#if SUBGROUPS_K > 1
#define strips_barrier(g) barrier(CLK_LOCAL_MEM_FENCE)
#else
#define strips_barrier(g) subgroup_barrier(g)
#endif

#ifdef X_UNALIGNED
// Up to CHUNK_ELEMENTS elements, zeros beyond.
static inline uint4 load_chunk(global const element *p, int count) {
  union {
    element elements[CHUNK_ELEMENTS];
    uint4 chunk;
  } u;
  UNROLL
  for (int k = 0; k < CHUNK_ELEMENTS; k++) u.elements[k] = k < count ? p[k] : (element)0;
  return u.chunk;
}
#endif

// The rows of x that a work-group multiplies.
typedef struct {
  global const uchar *x;
  int pitch;
#ifdef NORM
  global const uchar *features;
  int x_bytes, features_pitch;
#endif
} rows_t;

// The chunk that begins at byte `at` of a row.
static inline global const uchar *chunk_of_row(const rows_t *rows, int row, int at) {
#ifdef NORM
  if (at >= rows->x_bytes) return rows->features + row * rows->features_pitch + at - rows->x_bytes;
#endif
  return rows->x + row * rows->pitch + at;
}

// Starts the copies of a stage, whose depth begins at byte `start` of `length`.
static inline void copy_stage(subgroup_t *g, local uchar *stage, const rows_t *rows,
                              global const uchar *weight, const int *row_index,
                              const int *weight_offset, int place, int start, int length) {
  const int at = start + g->item % CHUNKS * 16, rest = length - at, is_inside = rest > 0;
  UNROLL
  for (int i = 0; i < ROW_COPIES; i++) {
    local uchar *to = stage + place + CHUNK_OFFSET(i * COPY_ROWS, 0, CHUNKS);
    global const uchar *from = chunk_of_row(rows, row_index[i], is_inside ? at : 0);
#ifdef X_UNALIGNED
    // Nothing reads this stage before the next barrier.
    *(local uint4 *)to = load_chunk((global const element *)from, rest / ELEMENT_BYTES);
#else
    copy_async(g, to, from, is_inside);
#endif
  }
  UNROLL
  for (int i = 0; i < COLUMN_COPIES; i++)
    copy_async(g, stage + TILE_ROWS * ROW + place + CHUNK_OFFSET(i * COPY_ROWS, 0, CHUNKS),
               weight + weight_offset[i] + (is_inside ? start : 0), is_inside);
}

#ifdef NORM
// Sums over a part of a row, relative to its first element.
typedef struct {
  float first, sum, squares;
} moments_t;

static inline void add_moments(moments_t *m, float4 v) {
  v -= m->first;
  m->sum += (v.x + v.y) + (v.z + v.w);
  m->squares += fma(v.x, v.x, v.y * v.y) + fma(v.z, v.z, v.w * v.w);
}

// Adds an item's chunks of its row in a stage.
static inline void add_stage(moments_t *m, int item, local const uchar *stage, int start,
                             int length) {
  const int row = item / ROW_ITEMS;
  if (row >= TILE_ROWS) return;
  if (start == 0)
    m->first = unpack4(*(local const uint2 *)(stage + CHUNK_OFFSET(row, 0, CHUNKS))).x;
  UNROLL
  for (int c = 0; c < CHUNKS / ROW_ITEMS; c++) {
    const int chunk = item % ROW_ITEMS + c * ROW_ITEMS;
    if (start + chunk * 16 >= length) continue;
    const uint4 words = *(local const uint4 *)(stage + CHUNK_OFFSET(row, chunk, CHUNKS));
    add_moments(m, unpack4((uint2)(words.x, words.y)));
    add_moments(m, unpack4((uint2)(words.z, words.w)));
  }
}

// Mean and 1 / deviation of each row, from the parts of all items.
static inline void finish_moments(moments_t m, int item, local float2 *parts, local float2 *norms,
                                  int inputs, float epsilon) {
  parts[item] = (float2)(m.sum, m.squares);
  barrier(CLK_LOCAL_MEM_FENCE);
  if (item % ROW_ITEMS == 0 && item / ROW_ITEMS < TILE_ROWS) {
    float2 total = parts[item];
    for (int i = 1; i < ROW_ITEMS; i++) total += parts[item + i];
    const float mean = total.x / inputs;
    const float variance = fmax(total.y / inputs - mean * mean, 0.0f);
    norms[item / ROW_ITEMS] = (float2)(m.first + mean, rsqrt(variance + epsilon));
  }
  barrier(CLK_LOCAL_MEM_FENCE);
}
#endif

// Adds bias, activation and residual to four neighboring sums and stores those that exist.
static inline void store_sums(global output_element *y, global const float *bias,
                              global const element *residual, float4 v, int activation,
                              size_t index, int column, int outputs) {
#ifdef Y_UNALIGNED
  UNROLL
  for (int i = 0; i < 4; i++) {
    if (column + i >= outputs) return;
    float x = i == 0 ? v.x : i == 1 ? v.y : i == 2 ? v.z : v.w;
    x = activated_fast(x + (bias ? bias[column + i] : 0.0f), activation);
    if (residual) x += load(residual + index + i);
    store_output(y + index + i, x);
  }
#else
  if (column >= outputs) return;
  if (bias) v += vload4(0, bias + column);
  v = (float4)(activated_fast(v.x, activation), activated_fast(v.y, activation),
               activated_fast(v.z, activation), activated_fast(v.w, activation));
#if ELEMENT_BITS == 32
  if (residual) v += *(global const float4 *)(residual + index);
#else
  if (residual) v += unpack4(*(global const uint2 *)(residual + index));
#endif
#if ELEMENT_BITS == 32 || defined(OUTPUT_FLOAT32)
  *(global float4 *)(y + index) = v;
#else
  *(global uint2 *)(y + index) = (uint2)(pack2(v.x, v.y), pack2(v.z, v.w));
#endif
#endif
}

MMA_KERNEL kernel void linear_mma(
    global output_element *restrict y, global const element *restrict x,
    global const element *restrict padded, global const float *restrict bias,
    global const element *restrict residual, int rows, int inputs, int outputs, int activation
#ifdef NORM
    ,
    global const element *restrict features, global const float *restrict column_sums, int x_inputs,
    float epsilon
#endif
) {
  local uchar memory[MEMORY_BYTES] __attribute__((aligned(128)));
  SUBGROUP(g);
  const int tile_subgroup = g.item / MMA_LANES % TILE_SUBGROUPS;
  const int deep = g.item / MMA_LANES / TILE_SUBGROUPS;
  const int first_row = get_group_id(1) * TILE_ROWS, first_column = get_group_id(0) * TILE_COLUMNS;
  const int own_row = tile_subgroup / SUBGROUPS_X * 16 * FRAGMENTS_Y;
  const int own_column = tile_subgroup % SUBGROUPS_X * 16 * FRAGMENTS_X;
  const int group = get_group_id(2), groups = get_num_groups(2);
  const int length = inputs * ELEMENT_BYTES, weight_pitch = (length + 15) / 16 * 16;
  rows_t tile_rows;
#ifdef NORM
  tile_rows.x_bytes = tile_rows.pitch = x_inputs * ELEMENT_BYTES;
  tile_rows.features_pitch = length - tile_rows.x_bytes;
  tile_rows.features =
      (global const uchar *)features + (size_t)first_row * tile_rows.features_pitch;
#else
  tile_rows.pitch = groups * length;
#endif
  tile_rows.x =
      (global const uchar *)x + (size_t)first_row * tile_rows.pitch + (size_t)group * length;

  const int row = g.item / CHUNKS, chunk = g.item % CHUNKS;
  const int place = CHUNK_OFFSET(row, chunk, CHUNKS);
  global const uchar *tile_weight =
      (global const uchar *)padded + ((size_t)group * outputs + first_column) * weight_pitch;
  int row_index[ROW_COPIES], weight_offset[COLUMN_COPIES];
  UNROLL
  for (int i = 0; i < ROW_COPIES; i++)
    row_index[i] = min(row + i * COPY_ROWS, rows - 1 - first_row);
  UNROLL
  for (int i = 0; i < COLUMN_COPIES; i++)
    weight_offset[i] =
        min(row + i * COPY_ROWS, outputs - 1 - first_column) * weight_pitch + chunk * 16;

  float sums[FRAGMENTS_Y][FRAGMENTS_X][MMA_SUMS];
  UNROLL
  for (int i = 0; i < FRAGMENTS_Y; i++) {
    UNROLL
    for (int j = 0; j < FRAGMENTS_X; j++) {
      UNROLL
      for (int e = 0; e < MMA_SUMS; e++) sums[i][j][e] = 0.0f;
    }
  }

  const int steps = (length + ROW - 1) / ROW;
  UNROLL
  for (int s = 0; s < STAGES - 1; s++) {
    COPIES_IF (s < steps)
      copy_stage(&g, memory + s * STAGE_BYTES, &tile_rows, tile_weight, row_index, weight_offset,
                 place, s * ROW, length);
    commit_copies(&g);
    finish_copies(&g);
  }
#ifdef NORM
  moments_t moments = {0.0f, 0.0f, 0.0f};
#endif
  int stage = 0, free_stage = STAGES - 1;
  NO_UNROLL
  for (int step = 0; step < steps; step++) {
    wait_copies(&g, STAGES - 2);
    barrier(CLK_LOCAL_MEM_FENCE);  // this stage has arrived, and the one before has been read
    COPIES_IF (step + STAGES - 1 < steps)
      copy_stage(&g, memory + free_stage * STAGE_BYTES, &tile_rows, tile_weight, row_index,
                 weight_offset, place, (step + STAGES - 1) * ROW, length);
    commit_copies(&g);
    local const uchar *left = memory + stage * STAGE_BYTES + own_row * ROW;
    local const uchar *right = memory + stage * STAGE_BYTES + (TILE_ROWS + own_column) * ROW;
    UNROLL
    for (int turn = 0; turn < ROW / 32 / SUBGROUPS_K; turn++) {
      const int depth_chunk = 2 * (turn * SUBGROUPS_K + deep);
      uint a[FRAGMENTS_Y][MMA_WORDS], b[FRAGMENTS_X][MMA_WORDS];
      UNROLL
      for (int i = 0; i < FRAGMENTS_Y; i++)
        load_a(&g, a[i], left + 16 * i * ROW, depth_chunk, CHUNKS);
      UNROLL
      for (int j = 0; j < FRAGMENTS_X; j++)
        load_b(&g, b[j], right + 16 * j * ROW, depth_chunk, CHUNKS);
      UNROLL
      for (int i = 0; i < FRAGMENTS_Y; i++) {
        UNROLL
        for (int j = 0; j < FRAGMENTS_X; j++) multiply_add(&g, sums[i][j], a[i], b[j]);
      }
    }
#ifdef NORM
    add_stage(&moments, g.item, memory + stage * STAGE_BYTES, step * ROW, length);
#endif
    finish_copies(&g);
    stage = stage + 1 == STAGES ? 0 : stage + 1;
    free_stage = free_stage + 1 == STAGES ? 0 : free_stage + 1;
  }
  wait_copies(&g, 0);
  barrier(CLK_LOCAL_MEM_FENCE);  // the stages have been read: the strips take their place

  local float *strips = (local float *)memory;
  local float *strip = strips + (deep * TILE_SUBGROUPS + tile_subgroup) * STRIP_FLOATS;
  const int lane_column = g.lane % STRIP_LANES * 4, lane_row = g.lane / STRIP_LANES;
  const int column = first_column + own_column + lane_column;
  if (bias) bias += group * outputs;
#ifdef NORM
  local float2 *norms = (local float2 *)(memory + STRIPS_BYTES);
  finish_moments(moments, g.item, norms + TILE_ROWS, norms, inputs, epsilon);
  const float4 column_sum = column < outputs ? vload4(0, column_sums + column) : (float4)(0.0f);
#endif
  UNROLL
  for (int i = 0; i < FRAGMENTS_Y; i++) {
    if (i > 0) strips_barrier(&g);  // the strip before has been stored
    UNROLL
    for (int j = 0; j < FRAGMENTS_X; j++) {
      UNROLL
      for (int e = 0; e < MMA_SUMS; e += 2)  // two neighboring columns
        *(local float2 *)(strip + sum_row(&g, e) * STRIP_PITCH + 16 * j + sum_column(&g, e)) =
            (float2)(sums[i][j][e], sums[i][j][e + 1]);
    }
    strips_barrier(&g);
    NO_UNROLL
    for (int r = deep * STRIP_ROWS; r < 16; r += STRIP_ROWS * SUBGROUPS_K) {
      const int strip_row = r + lane_row, out_row = first_row + own_row + 16 * i + strip_row;
      if (strip_row >= 16 || g.lane >= STORING_LANES || out_row >= rows) continue;
      float4 v = 0.0f;
      UNROLL
      for (int d = 0; d < SUBGROUPS_K; d++)
        v += *(local const float4 *)(strips + (d * TILE_SUBGROUPS + tile_subgroup) * STRIP_FLOATS +
                                     strip_row * STRIP_PITCH + lane_column);
#ifdef NORM
      const float2 norm = norms[own_row + 16 * i + strip_row];
      v = (v - norm.x * column_sum) * norm.y;
#endif
      const size_t index = ((size_t)out_row * groups + group) * outputs + column;
      store_sums(y, bias, residual, v, activation, index, column, outputs);
    }
  }
}
