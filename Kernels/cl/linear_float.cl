// linear_float.cl: a linear layer in float32, for GPUs without matrix instructions.
//
//   x            [M, G K]      rows M, inputs K, groups G (usually 1)
//   y, residual  [M, G N]      outputs N; residual may be null
//   bias         [G N]         may be null
//   padded       [G N, P]      the weight; P = K rounded up to 16 bytes, zeros beyond K
//   activation   0 identity, 1 GELU (erf), 2 GELU (tanh)
//
//   y[m, g n] = activation(sum_k x[m, g k] padded[g n, k] + bias[g n]) + residual[m, g n]
//
// ITEMS_X x ITEMS_Y work-items compute a tile of TILE_ROWS x TILE_COLUMNS; each keeps QUADS_Y x
// QUADS_X blocks of 4 x 4 sums in registers. Unlike linear_tile.cl, it
//
// keeps two stages in local memory, each DEPTH steps along K of both factors, K-major: while one is
// multiplied, a work-item reads its quads of the next into registers, and writes them to the other
// stage afterwards. There is one barrier per stage, and no instruction waits for global memory;
//
// reads quads of neighboring elements, at offsets that are computed once. Rows beyond the last
// repeat it and are not stored, so the loop checks the end of K only. Factors of 16 bits are
// widened when they are written to a stage;
//
// swizzles the columns of a stage instead of padding them, see SWIZZLE: neither writing quads
// across the rows of a stage nor reading along them has bank conflicts;
//
// arranges 32 neighboring work-items as 8 x 4, which read the fewest different numbers.
//
//   X_UNALIGNED    rows of x do not begin at multiples of 16 bytes
//   Y_UNALIGNED    N is no multiple of 4
//   MAX_REGISTERS  the build limits registers, which NVIDIA's compiler ignores for kernels that
//                  demand a work-group size
//
// Global size (ceil(N / TILE_COLUMNS) ITEMS, ceil(M / TILE_ROWS), G), local size (ITEMS, 1, 1):
// work-groups that run together share rows of x.
//
// CPU reference: Sources/DVTReference/Operations/ReferenceBackend+Linear.swift

#ifndef ITEMS_X
#define ITEMS_X 16  // work-items along columns
#endif
#ifndef ITEMS_Y
#define ITEMS_Y 16  // work-items along rows
#endif
#ifndef QUADS_X
#define QUADS_X 2  // blocks of a work-item along columns
#endif
#ifndef QUADS_Y
#define QUADS_Y 2  // blocks of a work-item along rows
#endif
#ifndef DEPTH
#define DEPTH 8  // steps along K of a stage
#endif
#define ITEMS (ITEMS_X * ITEMS_Y)
#define TILE_ROWS (4 * ITEMS_Y * QUADS_Y)
#define TILE_COLUMNS (4 * ITEMS_X * QUADS_X)
#define DEPTH_QUADS (DEPTH / 4)
#define READ_ROWS (ITEMS / DEPTH_QUADS)  // rows that the work-group reads at once
#if TILE_ROWS % READ_ROWS || TILE_COLUMNS % READ_ROWS || ITEMS_X % 8 || ITEMS_Y % 8
#error the tile is no multiple of what the work-group reads at once
#endif
#define ROW_QUADS (TILE_ROWS / READ_ROWS)
#define COLUMN_QUADS (TILE_COLUMNS / READ_ROWS)
#define STAGE_FLOATS (DEPTH * (TILE_ROWS + TILE_COLUMNS))
#if 2 * STAGE_FLOATS < 16 * ITEMS
#error the stages are too small for a block of sums of each work-item
#endif
#define UNROLL _Pragma("unroll")
#define NO_UNROLL _Pragma("unroll 1")

// In the steps of a quad, column c of a stage is at c ^ SWIZZLE: 32 neighboring work-items, which
// write DEPTH_QUADS quads of each of a few columns, write to different banks.
#define SWIZZLE(depth_quad) ((depth_quad) * (32 / DEPTH_QUADS))

// The place of the column that a work-item writes in turn i.
#define PLACE(i) \
  (READ_ROWS % 32 ? (row + (i)*READ_ROWS) ^ swizzle : (row ^ swizzle) + (i)*READ_ROWS)

#if ELEMENT_BITS == 16
typedef uint2 quad;
#else
typedef float4 quad;
#endif

static inline float4 widened(quad q) {
#ifdef ELEMENT_FLOAT16
  return vload_half4(0, (const half *)&q);
#elif defined(ELEMENT_BFLOAT16)
  return as_float4((uint4)(q.x << 16, q.x & 0xFFFF0000u, q.y << 16, q.y & 0xFFFF0000u));
#else
  return q;
#endif
}

// Four elements of a row of which `rest` are left, zeros beyond.
static inline quad read_quad(global const element *p, int rest) {
  return rest > 0 ? *(global const quad *)p : (quad)(0);
}

#ifdef X_UNALIGNED
static inline quad read_unaligned(global const element *p, int rest) {
  union {
    element elements[4];
    quad whole;
  } u;
  UNROLL
  for (int k = 0; k < 4; k++) u.elements[k] = k < rest ? p[k] : (element)0;
  return u.whole;
}
#define read_x read_unaligned
#else
#define read_x read_quad
#endif

// Writes four steps along K of one row or column of the tile to a stage.
static inline void write_quad(local float *to, int width, quad q) {
  const float4 v = widened(q);
  to[0] = v.x;
  to[width] = v.y;
  to[2 * width] = v.z;
  to[3 * width] = v.w;
}

// Adds bias, activation and residual to four neighboring sums and stores those that exist.
static inline void store_sums(global output_element *y, global const float *bias,
                              global const element *residual, float4 v, int activation,
                              size_t index, int column, int outputs) {
#ifdef Y_UNALIGNED
  const int last = outputs - 1;
  if (bias)
    v += (float4)(bias[column], bias[min(column + 1, last)], bias[min(column + 2, last)],
                  bias[min(column + 3, last)]);
  v = activated4(v, activation);
  const float values[4] = {v.x, v.y, v.z, v.w};
  UNROLL
  for (int i = 0; i < 4; i++) {
    if (column + i >= outputs) return;
    store_output(y + index + i, values[i] + (residual ? load(residual + index + i) : 0.0f));
  }
#else
  if (bias) v += *(global const float4 *)(bias + column);
  v = activated4(v, activation);
  if (residual) v += widened(*(global const quad *)(residual + index));
#if ELEMENT_BITS == 32 || defined(OUTPUT_FLOAT32)
  *(global float4 *)(y + index) = v;
#elif defined(ELEMENT_FLOAT16)
  vstorea_half4_rte(v, 0, (global half *)(y + index));
#else
  *(global ushort4 *)(y + index) =
      (ushort4)(to_bfloat16(v.x), to_bfloat16(v.y), to_bfloat16(v.z), to_bfloat16(v.w));
#endif
#endif
}

#ifdef MAX_REGISTERS
#define SIZED
#else
#define SIZED __attribute__((reqd_work_group_size(ITEMS, 1, 1)))
#endif

SIZED kernel void linear_float(
    global output_element *restrict y, global const element *restrict x,
    global const element *restrict padded, global const float *restrict bias,
    global const element *restrict residual, int rows, int inputs, int outputs, int activation) {
  // In a stage, rows of x precede those of the weight.
  local float memory[2 * STAGE_FLOATS] __attribute__((aligned(16)));
  const int item = get_local_id(0), lane = item % 32, block = item / 32;
  const int item_x = block % (ITEMS_X / 8) * 8 + lane % 8;
  const int item_y = block / (ITEMS_X / 8) * 4 + lane / 8;
  const int first_row = get_group_id(1) * TILE_ROWS, first_column = get_group_id(0) * TILE_COLUMNS;
  const int group = get_group_id(2), groups = get_num_groups(2);
  const int x_pitch = groups * inputs, quantum = 128 / ELEMENT_BITS;
  const int weight_pitch = (inputs + quantum - 1) / quantum * quantum;
  x += (size_t)first_row * x_pitch + (size_t)group * inputs;
  padded += ((size_t)group * outputs + first_column) * weight_pitch;

  const int depth_quad = item % DEPTH_QUADS, row = item / DEPTH_QUADS;
  const int depth = 4 * depth_quad, swizzle = SWIZZLE(depth_quad);
  int x_offset[ROW_QUADS], weight_offset[COLUMN_QUADS];
  UNROLL
  for (int i = 0; i < ROW_QUADS; i++)
    x_offset[i] = min(row + i * READ_ROWS, rows - 1 - first_row) * x_pitch + depth;
  UNROLL
  for (int i = 0; i < COLUMN_QUADS; i++)
    weight_offset[i] = min(row + i * READ_ROWS, outputs - 1 - first_column) * weight_pitch + depth;

  float4 sums[QUADS_Y][4][QUADS_X];
  UNROLL
  for (int i = 0; i < QUADS_Y; i++) {
    UNROLL
    for (int r = 0; r < 4; r++) {
      UNROLL
      for (int j = 0; j < QUADS_X; j++) sums[i][r][j] = 0.0f;
    }
  }

  quad next_x[ROW_QUADS], next_weight[COLUMN_QUADS];
// Reads the quads of a stage, of whose depth `rest` is left.
#define READ_QUADS(rest)                                                                 \
  UNROLL                                                                                 \
  for (int i = 0; i < ROW_QUADS; i++) next_x[i] = read_x(x + x_offset[i], (rest)-depth); \
  UNROLL                                                                                 \
  for (int i = 0; i < COLUMN_QUADS; i++)                                                 \
    next_weight[i] = read_quad(padded + weight_offset[i], (rest)-depth);
#define WRITE_QUADS(stage)                                                                  \
  UNROLL                                                                                    \
  for (int i = 0; i < ROW_QUADS; i++)                                                       \
    write_quad((stage) + depth * TILE_ROWS + PLACE(i), TILE_ROWS, next_x[i]);               \
  UNROLL                                                                                    \
  for (int i = 0; i < COLUMN_QUADS; i++)                                                    \
    write_quad((stage) + DEPTH * TILE_ROWS + depth * TILE_COLUMNS + PLACE(i), TILE_COLUMNS, \
               next_weight[i]);

  READ_QUADS(inputs)
  WRITE_QUADS(memory)
  barrier(CLK_LOCAL_MEM_FENCE);
  int first = 0;  // of the stage that is multiplied
  for (int rest = inputs; rest > 0; rest -= DEPTH) {
    x += DEPTH;
    padded += DEPTH;
    READ_QUADS(rest - DEPTH)
    UNROLL
    for (int k = 0; k < DEPTH; k++) {
      local const float *a_row = memory + first + k * TILE_ROWS + (4 * item_y ^ SWIZZLE(k / 4));
      local const float *b_row =
          memory + first + DEPTH * TILE_ROWS + k * TILE_COLUMNS + (4 * item_x ^ SWIZZLE(k / 4));
      float4 b[QUADS_X];
      UNROLL
      for (int j = 0; j < QUADS_X; j++) b[j] = *(local const float4 *)(b_row + 4 * ITEMS_X * j);
      UNROLL
      for (int i = 0; i < QUADS_Y; i++) {
        const float4 a = *(local const float4 *)(a_row + 4 * ITEMS_Y * i);
        UNROLL
        for (int j = 0; j < QUADS_X; j++) {
          sums[i][0][j] = fma((float4)(a.x), b[j], sums[i][0][j]);
          sums[i][1][j] = fma((float4)(a.y), b[j], sums[i][1][j]);
          sums[i][2][j] = fma((float4)(a.z), b[j], sums[i][2][j]);
          sums[i][3][j] = fma((float4)(a.w), b[j], sums[i][3][j]);
        }
      }
    }
    first = STAGE_FLOATS - first;
    WRITE_QUADS(memory + first)  // last read before the previous barrier
    barrier(CLK_LOCAL_MEM_FENCE);
  }

  // Each block of sums passes through local memory, so that bias, activation and residual are one
  // small loop; a work-item reads what it wrote.
  local float4 *own = (local float4 *)memory + item;
  if (bias) bias += group * outputs;
  UNROLL
  for (int i = 0; i < QUADS_Y; i++) {
    UNROLL
    for (int j = 0; j < QUADS_X; j++) {
      UNROLL
      for (int r = 0; r < 4; r++) own[r * ITEMS] = sums[i][r][j];
      const int block_row = first_row + 4 * (i * ITEMS_Y + item_y);
      const int column = first_column + 4 * (j * ITEMS_X + item_x);
      const int count = column < outputs ? min(rows - block_row, 4) : 0;
      NO_UNROLL
      for (int r = 0; r < count; r++) {
        const size_t index = ((size_t)(block_row + r) * groups + group) * outputs + column;
        store_sums(y, bias, residual, own[r * ITEMS], activation, index, column, outputs);
      }
    }
  }
}
