// mma_intel.cl: mma.cl on Intel's XMX, in 16 bits, by cl_intel_subgroup_matrix_multiply_accumulate.
//
// A built-in function of this extension adds the product of a first factor of 8 x 16 elements and a
// second of 16 x MMA_LANES to sums of 8 x MMA_LANES. Of the second factor and of the sums, a lane
// holds a column; of each row of the first, the elements at its own depth, one with 16 lanes and
// two with 8. Products are computed the other way around, (b a^T)^T:
//
//   a     is the second factor: a lane holds row `lane`, with 8 lanes also row lane + 8
//   b     is the first: a lane holds its depth of all 16 rows
//   sums  a lane holds whole rows, as the a of the next product needs them
//
// and nothing moves between lanes. A fragment is 16 contiguous rows of 32 bytes, see CHUNK_OFFSET:
// a block read of cl_intel_subgroup_local_block_io gives every lane its part of 8 rows.

#define LANE_ROWS (16 / MMA_LANES)  // rows of a and of sums, and elements of a row of b, of a lane

#ifdef XMX_EMULATED
#define LOADS_BY_WORDS
#include "mma_intel_emulated.cl"
#else
#define subgroup_barrier(g) sub_group_barrier(CLK_LOCAL_MEM_FENCE)

static inline int subgroup_lane(int item) { return get_sub_group_local_id(); }

#ifdef ELEMENT_BFLOAT16
#define multiply_rows(g, rows, columns, sums) \
  intel_sub_group_bf16_bf16_matrix_mad_k16(rows, columns, sums)
#else
#define multiply_rows(g, rows, columns, sums) \
  intel_sub_group_f16_f16_matrix_mad_k16(rows, columns, sums)
#endif
#endif

// Element `lane` of each of 8 successive rows of MMA_LANES elements.
#ifdef LOADS_BY_WORDS
#define READ_BLOCK(T, p)                                                                  \
  (T)((p)[0], (p)[MMA_LANES], (p)[2 * MMA_LANES], (p)[3 * MMA_LANES], (p)[4 * MMA_LANES], \
      (p)[5 * MMA_LANES], (p)[6 * MMA_LANES], (p)[7 * MMA_LANES])
#define read_block_short(g, p) READ_BLOCK(ushort8, (p) + (g)->lane)
#define read_block_int(g, p) READ_BLOCK(uint8, (p) + (g)->lane)
#else
#define read_block_short(g, p) intel_sub_group_block_read_us8(p)
#define read_block_int(g, p) intel_sub_group_block_read8(p)
#endif

static inline float exp2_fast(float x) { return native_exp2(x); }

static inline float reciprocal_fast(float x) { return native_recip(x); }

// Two numbers rounded to 16 bits, the first in the lower half.
static inline uint pack2(float low, float high) {
#if defined(ELEMENT_BFLOAT16) && defined(cl_intel_bfloat16_conversions)
  return as_uint(intel_convert_bfloat162_as_ushort2((float2)(low, high)));
#elif defined(ELEMENT_BFLOAT16)
  return to_bfloat16(low) | (uint)to_bfloat16(high) << 16;
#else
  ushort pair[2];
  vstore_half_rte(low, 0, (half *)pair);
  vstore_half_rte(high, 1, (half *)pair);
  return pair[0] | (uint)pair[1] << 16;
#endif
}

static inline int sum_row(const subgroup_t *g, int e) { return g->lane + e / 16 * MMA_LANES; }

static inline int sum_column(const subgroup_t *g, int e) { return e % 16; }

#define SUM_ROWS LANE_ROWS
#define row_of_sum(e) ((e) / 16)

static inline float lanes_max(subgroup_t *g, float x) { return x; }

static inline float lanes_sum(subgroup_t *g, float x) { return x; }

// The first row of a fragment; and of the fragment that `p` points to, in local or global memory,
// as `space` says, row `row`, a lane's rows, and a lane's depth.
#define FRAGMENT(matrix, chunk, chunks) ((matrix) + CHUNK_OFFSET(0, chunk, chunks))

#define LOAD_ROW(f, p, row, space) vstore8(*(space const uint8 *)((p) + (row)*32), 0, f)

#define LOAD_ROWS(f, p, space) \
  UNROLL                       \
  for (int q = 0; q < LANE_ROWS; q++) LOAD_ROW((f) + 8 * q, p, g->lane + q * MMA_LANES, space)

#if MMA_LANES == 16
#define LOAD_DEPTH(f, p, space) \
  UNROLL                        \
  for (int h = 0; h < 2; h++)   \
  vstore4(as_uint4(read_block_short(g, (space const ushort *)(p) + h * 128)), h, f)
#else
#define LOAD_DEPTH(f, p, space) \
  UNROLL                        \
  for (int h = 0; h < 2; h++) vstore8(read_block_int(g, (space const uint *)(p) + h * 64), h, f)
#endif

static inline void load_a(subgroup_t *g, uint *f, local const uchar *matrix, int chunk,
                          int chunks) {
  LOAD_ROWS(f, FRAGMENT(matrix, chunk, chunks), local);
}

static inline void load_b(subgroup_t *g, uint *f, local const uchar *matrix, int chunk,
                          int chunks) {
  LOAD_DEPTH(f, FRAGMENT(matrix, chunk, chunks), local);
}

#if MMA_LANES == 16
#define load_a_transposed load_b
#define load_b_transposed load_a
#else
// Elements lane and lane + 8 of each row of the fragment, as pairs of two rows.
static inline void load_a_transposed(subgroup_t *g, uint *f, local const uchar *matrix, int chunk,
                                     int chunks) {
  local const ushort *fragment = (local const ushort *)FRAGMENT(matrix, chunk, chunks);
  UNROLL
  for (int quarter = 0; quarter < 4; quarter++) {
    const ushort8 w = read_block_short(g, fragment + quarter * 64);
    UNROLL
    for (int i = 0; i < 2; i++) {
      f[2 * quarter + i] = w[4 * i] | (uint)w[4 * i + 2] << 16;
      f[8 + 2 * quarter + i] = w[4 * i + 1] | (uint)w[4 * i + 3] << 16;
    }
  }
}

// Rows 2 lane and 2 lane + 1 of the fragment, as pairs of two rows.
static inline void load_b_transposed(subgroup_t *g, uint *f, local const uchar *matrix, int chunk,
                                     int chunks) {
  local const uchar *fragment = FRAGMENT(matrix, chunk, chunks);
  uint first[8], second[8];
  LOAD_ROW(first, fragment, 2 * g->lane, local);
  LOAD_ROW(second, fragment, 2 * g->lane + 1, local);
  UNROLL
  for (int i = 0; i < 8; i++) {
    f[2 * i] = (first[i] & 0xFFFF) | second[i] << 16;
    f[2 * i + 1] = first[i] >> 16 | (second[i] & 0xFFFF0000);
  }
}
#endif

// Packed fragments are stored as in local memory.
static inline void load_a_packed(subgroup_t *g, uint *f, global const uint4 *packed, int index) {
  LOAD_ROWS(f, (global const uchar *)(packed + index * 32), global);
}

static inline void load_b_packed(subgroup_t *g, uint *f, global const uint4 *packed, int index) {
  LOAD_DEPTH(f, (global const uchar *)(packed + index * 32), global);
}

static inline void store_packed(const subgroup_t *g, const uint *f, global uint4 *packed,
                                int index) {
  UNROLL
  for (int row = 0; row < 16; row++) {
#if MMA_LANES == 16
    ((global ushort *)(packed + index * 32))[row * 16 + g->lane] = f[row / 2] >> row % 2 * 16;
#else
    ((global uint *)(packed + index * 32))[row * 8 + g->lane] = f[row];
#endif
  }
}

static inline void multiply_add(subgroup_t *g, float *sums, const uint *a, const uint *b) {
  UNROLL
  for (int h = 0; h < 2; h++) {
#if MMA_LANES == 16
    const short8 rows = as_short8(vload4(h, b));
#else
    const int8 rows = as_int8(vload8(h, b));
#endif
    UNROLL
    for (int q = 0; q < LANE_ROWS; q++)
      vstore8(
          multiply_rows(g, rows, as_int8(vload8(q, a)), vload8(2 * q + h, sums)), 2 * q + h, sums);
  }
}

static inline void sums_to_a(uint *f, const float *sums) {
  UNROLL
  for (int i = 0; i < MMA_WORDS; i++) f[i] = pack2(sums[2 * i], sums[2 * i + 1]);
}
