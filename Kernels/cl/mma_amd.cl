// mma_amd.cl: mma.cl on AMD's matrix cores, in 16 bits.
//
// Products are computed the other way around, (b a^T)^T. A lane then holds MMA_SUMS neighboring
// columns of one row of sums, as the a of the next product needs them.

typedef half half4_t __attribute__((ext_vector_type(4)));
typedef half half8_t __attribute__((ext_vector_type(8)));
typedef half half16_t __attribute__((ext_vector_type(16)));
typedef short short4_t __attribute__((ext_vector_type(4)));
typedef short short8_t __attribute__((ext_vector_type(8)));
typedef short short16_t __attribute__((ext_vector_type(16)));
typedef float float4_t __attribute__((ext_vector_type(4)));
typedef float float8_t __attribute__((ext_vector_type(8)));
#pragma OPENCL EXTENSION cl_khr_fp16 : enable

#define subgroup_barrier(g) __builtin_amdgcn_fence(__ATOMIC_ACQ_REL, "wavefront")

static inline int subgroup_lane(int item) { return item % MMA_LANES; }

static inline float exp2_fast(float x) { return __builtin_exp2f(x); }

static inline float reciprocal_fast(float x) { return __builtin_amdgcn_rcpf(x); }

// Two numbers rounded to 16 bits, the first in the lower half.
static inline uint pack2(float low, float high) {
#ifdef ELEMENT_BFLOAT16
  return to_bfloat16(low) | (uint)to_bfloat16(high) << 16;
#else
  return as_uint((half2)((half)low, (half)high));
#endif
}

static inline int sum_row(const subgroup_t *g, int e) { return g->lane % 16; }

static inline int sum_column(const subgroup_t *g, int e) { return g->lane / 16 * MMA_SUMS + e; }

// The value of lane `lane ^ mask`.
static inline float lanes_exchanged(subgroup_t *g, float x, int mask) {
  return as_float(__builtin_amdgcn_ds_bpermute((g->lane ^ mask) * 4, as_int(x)));
}

// A lane's sums are in one row.
#define SUM_ROWS 1
#define row_of_sum(e) 0

static inline float lanes_max(subgroup_t *g, float x) {
  x = fmax(x, lanes_exchanged(g, x, 16));
  return MMA_LANES == 64 ? fmax(x, lanes_exchanged(g, x, 32)) : x;
}

static inline float lanes_sum(subgroup_t *g, float x) {
  x += lanes_exchanged(g, x, 16);
  return MMA_LANES == 64 ? x + lanes_exchanged(g, x, 32) : x;
}

// 2 `words` elements of column `row` of a matrix stored by depth, from depth `k` on.
static inline void gather_column(uint *f, local const uchar *matrix, int row, int k, int words,
                                 int chunk, int chunks) {
  const int c = chunk + row / 8;
  UNROLL
  for (int i = 0; i < words; i++) {
    local const uchar *first = matrix + CHUNK_OFFSET(k + 2 * i, c, chunks);
    local const uchar *second = matrix + CHUNK_OFFSET(k + 2 * i + 1, c, chunks);
    f[i] = *(local const ushort *)(first + row % 8 * 2) |
           (uint) * (local const ushort *)(second + row % 8 * 2) << 16;
  }
}

#if defined(MMA_CDNA)
// MFMA 16x16x16: lane l holds elements 4 (l / 16) to 4 (l / 16) + 3 of row l % 16.

static inline void load_a(subgroup_t *g, uint *f, local const uchar *matrix, int chunk,
                          int chunks) {
  const int r = g->lane % 16, quarter = g->lane / 16, c = chunk + quarter / 2;
  const uint2 w = *(local const uint2 *)(matrix + CHUNK_OFFSET(r, c, chunks) + quarter % 2 * 8);
  f[0] = w.x;
  f[1] = w.y;
}

static inline void load_a_transposed(subgroup_t *g, uint *f, local const uchar *matrix, int chunk,
                                     int chunks) {
  gather_column(f, matrix, g->lane % 16, g->lane / 16 * 4, 2, chunk, chunks);
}

static inline void multiply_add(subgroup_t *g, float *sums, const uint *a, const uint *b) {
  float4_t c = {sums[0], sums[1], sums[2], sums[3]};
  const uint2 wa = (uint2)(a[0], a[1]), wb = (uint2)(b[0], b[1]);
#ifdef ELEMENT_BFLOAT16
  c = __builtin_amdgcn_mfma_f32_16x16x16bf16_1k(
      *(const short4_t *)&wb, *(const short4_t *)&wa, c, 0, 0, 0);
#else
  c = __builtin_amdgcn_mfma_f32_16x16x16f16(
      *(const half4_t *)&wb, *(const half4_t *)&wa, c, 0, 0, 0);
#endif
  UNROLL
  for (int e = 0; e < 4; e++) sums[e] = c[e];
}

static inline void sums_to_a(uint *f, const float *sums) {
  f[0] = pack2(sums[0], sums[1]);
  f[1] = pack2(sums[2], sums[3]);
}

static inline void store_packed(const subgroup_t *g, const uint *f, global uint4 *packed,
                                int index) {
  ((global uint2 *)packed)[index * 64 + g->lane] = (uint2)(f[0], f[1]);
}

static inline void load_b_packed(subgroup_t *g, uint *f, global const uint4 *packed, int index) {
  const uint2 w = ((global const uint2 *)packed)[index * 64 + g->lane];
  f[0] = w.x;
  f[1] = w.y;
}

#elif defined(MMA_RDNA4)
// WMMA 16x16x16: lane l holds elements 8 (l / 16) to 8 (l / 16) + 7 of row l % 16.

static inline void load_a(subgroup_t *g, uint *f, local const uchar *matrix, int chunk,
                          int chunks) {
  const int r = g->lane % 16, c = chunk + g->lane / 16;
  const uint4 w = *(local const uint4 *)(matrix + CHUNK_OFFSET(r, c, chunks));
  UNROLL
  for (int i = 0; i < 4; i++) f[i] = w[i];
}

static inline void load_a_transposed(subgroup_t *g, uint *f, local const uchar *matrix, int chunk,
                                     int chunks) {
  gather_column(f, matrix, g->lane % 16, g->lane / 16 * 8, 4, chunk, chunks);
}

static inline void multiply_add(subgroup_t *g, float *sums, const uint *a, const uint *b) {
  float8_t c;
  UNROLL
  for (int e = 0; e < 8; e++) c[e] = sums[e];
  const uint4 wa = (uint4)(a[0], a[1], a[2], a[3]), wb = (uint4)(b[0], b[1], b[2], b[3]);
#ifdef ELEMENT_BFLOAT16
  c = __builtin_amdgcn_wmma_f32_16x16x16_bf16_w32_gfx12(
      *(const short8_t *)&wb, *(const short8_t *)&wa, c);
#else
  c = __builtin_amdgcn_wmma_f32_16x16x16_f16_w32_gfx12(
      *(const half8_t *)&wb, *(const half8_t *)&wa, c);
#endif
  UNROLL
  for (int e = 0; e < 8; e++) sums[e] = c[e];
}

static inline void sums_to_a(uint *f, const float *sums) {
  UNROLL
  for (int i = 0; i < 4; i++) f[i] = pack2(sums[2 * i], sums[2 * i + 1]);
}

static inline void store_packed(const subgroup_t *g, const uint *f, global uint4 *packed,
                                int index) {
  packed[index * 32 + g->lane] = (uint4)(f[0], f[1], f[2], f[3]);
}

static inline void load_b_packed(subgroup_t *g, uint *f, global const uint4 *packed, int index) {
  const uint4 w = packed[index * 32 + g->lane];
  UNROLL
  for (int i = 0; i < 4; i++) f[i] = w[i];
}

#else
// WMMA 16x16x16 of RDNA3: lane l holds all 16 elements of row l % 16. Its sums are rows 2 e + l /
// 16 of the first factor, so the rows of b are taken in the order 0, 8, 1, 9, ...: then they are
// neighboring columns here too.

static inline void load_row(uint *f, local const uchar *matrix, int r, int chunk, int chunks) {
  UNROLL
  for (int i = 0; i < 2; i++) {
    const uint4 w = *(local const uint4 *)(matrix + CHUNK_OFFSET(r, chunk + i, chunks));
    UNROLL
    for (int j = 0; j < 4; j++) f[4 * i + j] = w[j];
  }
}

static inline int b_row(const subgroup_t *g) { return g->lane % 2 * 8 + g->lane % 16 / 2; }

static inline void load_a(subgroup_t *g, uint *f, local const uchar *matrix, int chunk,
                          int chunks) {
  load_row(f, matrix, g->lane % 16, chunk, chunks);
}

static inline void load_b(subgroup_t *g, uint *f, local const uchar *matrix, int chunk,
                          int chunks) {
  load_row(f, matrix, b_row(g), chunk, chunks);
}

static inline void load_a_transposed(subgroup_t *g, uint *f, local const uchar *matrix, int chunk,
                                     int chunks) {
  gather_column(f, matrix, g->lane % 16, 0, 8, chunk, chunks);
}

static inline void load_b_transposed(subgroup_t *g, uint *f, local const uchar *matrix, int chunk,
                                     int chunks) {
  gather_column(f, matrix, b_row(g), 0, 8, chunk, chunks);
}

static inline void multiply_add(subgroup_t *g, float *sums, const uint *a, const uint *b) {
  float8_t c;
  uint8 wa, wb;
  UNROLL
  for (int e = 0; e < 8; e++) {
    c[e] = sums[e];
    wa[e] = a[e];
    wb[e] = b[e];
  }
#ifdef ELEMENT_BFLOAT16
  c = __builtin_amdgcn_wmma_f32_16x16x16_bf16_w32(
      *(const short16_t *)&wb, *(const short16_t *)&wa, c);
#else
  c = __builtin_amdgcn_wmma_f32_16x16x16_f16_w32(*(const half16_t *)&wb, *(const half16_t *)&wa, c);
#endif
  UNROLL
  for (int e = 0; e < 8; e++) sums[e] = c[e];
}

// Lanes l and l ^ 16 hold the halves of a row; both need all of it.
static inline void sums_to_a(uint *f, const float *sums) {
  const int is_upper = __builtin_amdgcn_mbcnt_lo(~0u, 0) / 16;
  UNROLL
  for (int i = 0; i < 4; i++) {
    const uint own = pack2(sums[2 * i], sums[2 * i + 1]);
    const uint other = __builtin_amdgcn_permlanex16(own, own, 0x76543210, 0xFEDCBA98, 0, 0);
    f[i] = is_upper ? other : own;
    f[4 + i] = is_upper ? own : other;
  }
}

static inline void load_row_packed(uint *f, global const uint4 *packed, int at) {
  UNROLL
  for (int i = 0; i < 2; i++) {
    const uint4 w = packed[at + i];
    UNROLL
    for (int j = 0; j < 4; j++) f[4 * i + j] = w[j];
  }
}

static inline void load_b_packed(subgroup_t *g, uint *f, global const uint4 *packed, int index) {
  load_row_packed(f, packed, index * 32 + g->lane % 16 * 2);
}

static inline void load_a_packed(subgroup_t *g, uint *f, global const uint4 *packed, int index) {
  load_row_packed(f, packed, index * 32 + (g->lane % 8 * 2 + g->lane / 8 % 2) * 2);
}

static inline void store_packed(const subgroup_t *g, const uint *f, global uint4 *packed,
                                int index) {
  if (g->lane >= 16) return;
  UNROLL
  for (int i = 0; i < 2; i++)
    packed[index * 32 + g->lane * 2 + i] =
        (uint4)(f[4 * i], f[4 * i + 1], f[4 * i + 2], f[4 * i + 3]);
}
#endif

#ifndef MMA_RDNA3
#define load_b load_a
#define load_b_transposed load_a_transposed
#define load_a_packed load_b_packed
#endif
