// mma.cl: products of small matrices by a subgroup on a GPU's matrix instructions; one interface
// for all makers.
//
// A fragment is 16 rows of 32 bytes of depth: 16 elements of 16 bits, or 8 of float32. A product is
//
//   sums[16, 16] += a[16, depth] b[16, depth]^T
//
// Each of the MMA_LANES work-items of a subgroup holds MMA_WORDS words of each fragment and
// MMA_SUMS = 256 / MMA_LANES sums. Only the files mma_*.cl know which lane holds what:
//
//   load_a, load_b       a fragment from local memory, where its depth is contiguous
//   load_a_transposed, load_b_transposed   the same from a matrix stored [depth][16]
//   load_a_packed, load_b_packed           a fragment that store_packed wrote to global memory
//   multiply_add         the product
//   sum_row, sum_column  the element of a lane's sum
//   sums_to_a            sums, rounded to 16 bits, as the a of a product of depth 16
//   copy_async, commit_copies, wait_copies, finish_copies
//                        copies of 16 bytes from global to local memory in the background; groups
//                        of copies complete in order
//   lanes_max, lanes_sum over the lanes that hold a row of sums
//
// In local memory, matrices have rows of `chunks` times 16 bytes; `matrix` points to the first of
// 16 rows (of 8, where stored by depth) and `chunk` is the first of a fragment's two chunks.
// CHUNK_OFFSET is the place of a chunk. On Intel a fragment is contiguous; elsewhere chunks are
// swizzled, see CHUNK_PLACE, so that neither copies nor loads have bank conflicts.
//
// The precision of elements gives the format of the factors; sums are float32:
//
//   ELEMENT_FLOAT16, ELEMENT_BFLOAT16   exact products
//   neither                             float32: three products of TF32 with 10 bits of mantissa
//
// Implementations: MMA_PTX (NVIDIA, compute capability 8.0 or later), MMA_CDNA, MMA_RDNA3 and
// MMA_RDNA4 (AMD, 16 bits), MMA_XMX16 and MMA_XMX8 (Intel, 16 bits, by the subgroup size), else an
// emulation in plain OpenCL C, which runs the same kernels on any device for tests. With
// COPIES_LATE 1 the emulation carries out a copy when it is waited for, with 0 when it is
// requested; a kernel that is right with both is right with any timing in between. XMX_EMULATED
// replaces the built-in functions that mma_intel.cl calls, and nothing else of it.
//
// Workarounds for compilers that fail the trials of mma_trial.cl:
//
//   COPIES_BY_REGISTERS  copies go through registers and are written by finish_copies, as on AMD
//                        and Intel
//   LOADS_BY_WORDS       no ldmatrix, and no block reads on Intel
//   SHARED_BY_CVTA       pointers to local memory are generic
//
// Kernels define ITEMS, the work-items of a work-group, before they use MMA_KERNEL and SUBGROUP.
//
// Fragments: NVIDIA, PTX ISA, "Matrix fragments for mma.m16n8k16"; AMD, matrix instruction
// calculator; Intel, cl_intel_subgroup_matrix_multiply_accumulate

#if defined(MMA_PTX)
#define MMA_LANES 32
#define MMA_WORDS 4
#elif defined(MMA_CDNA)
#define MMA_AMD
#define MMA_LANES 64
#define MMA_WORDS 2
#elif defined(MMA_RDNA3)
#define MMA_AMD
#define MMA_LANES 32
#define MMA_WORDS 8
#elif defined(MMA_RDNA4)
#define MMA_AMD
#define MMA_LANES 32
#define MMA_WORDS 4
#elif defined(MMA_XMX16)
#define MMA_INTEL
#define MMA_LANES 16
#define MMA_WORDS 8
#elif defined(MMA_XMX8)
#define MMA_INTEL
#define MMA_LANES 8
#define MMA_WORDS 16
#else
#define MMA_EMULATED
#define MMA_LANES 32
#define MMA_WORDS 4
#endif
#define MMA_SUMS (256 / MMA_LANES)
#define ELEMENT_BYTES (ELEMENT_BITS / 8)
#define MMA_DEPTH (32 / ELEMENT_BYTES)

#if defined(MMA_AMD) || defined(MMA_INTEL)
#if ELEMENT_BITS != 16
#error the matrix instructions of AMD and Intel are used in 16 bits only
#endif
#define COPIES_BY_REGISTERS
#endif

#if defined(MMA_EMULATED) || defined(XMX_EMULATED)
#define EXCHANGES_IN_MEMORY
#endif

#ifdef EXCHANGES_IN_MEMORY
#define UNROLL
#define NO_UNROLL
#else
#define UNROLL _Pragma("unroll")
#define NO_UNROLL _Pragma("unroll 1")
#endif

// Copies through registers must not be conditional: the registers would move to private memory.
// Copies beyond the end are zeros in any case.
#ifdef COPIES_BY_REGISTERS
#define COPIES_IF(condition)
#define COPY_INDEX(index, count) min(index, (count)-1)
#else
#define COPIES_IF(condition) if (condition)
#define COPY_INDEX(index, count) (index)
#endif

#ifdef MMA_INTEL
// The two chunks of 16 rows that are a fragment are 512 contiguous bytes, row by row.
#define CHUNK_OFFSET(row, chunk, chunks) \
  (((row) / 16 * (chunks)*16 + (chunk) / 2 * 32 + (row) % 16 * 2 + (chunk) % 2) * 16)
#define PADDED_CHUNKS(chunks) (chunks)  // neighboring rows are in different banks as they are
#else
// The place of a 16-byte chunk in its row, for rows of 4 chunks, of a multiple of 8, or of an odd
// number: eight rows at the same chunk, and two neighboring rows, are in different banks.
#define CHUNK_PLACE(row, chunk, chunks) \
  ((chunks) % 8 == 0 ? (chunk) ^ ((row)&7) : (chunks) == 4 ? (chunk) ^ ((row) / 2 & 3) : (chunk))
#define CHUNK_OFFSET(row, chunk, chunks) (((row) * (chunks) + CHUNK_PLACE(row, chunk, chunks)) * 16)
#define PADDED_CHUNKS(chunks) ((chunks) | 1)
#endif

// The copies that a work-item may have in flight, and those that registers may hold.
#define MAX_COPIES 64
#define HELD_COPIES 128

// A work-item's place in its subgroup, and its copies in flight.
typedef struct {
  int item, lane;
#ifdef EXCHANGES_IN_MEMORY
  local uint *words;  // [ITEMS][8]
#endif
#ifdef MMA_EMULATED
  global const uchar *from[MAX_COPIES];
  local uchar *to[MAX_COPIES];
  int is_zero[MAX_COPIES], group[MAX_COPIES], requested, done, groups;
#elif defined(COPIES_BY_REGISTERS)
  uint4 *held;
  local uchar **to;
  int requested;
#endif
} subgroup_t;

#ifdef MMA_EMULATED
#define SUBGROUP_COPIES(g) g.requested = g.done = g.groups = 0
#elif defined(COPIES_BY_REGISTERS)
#define SUBGROUP_COPIES(g)           \
  uint4 held_copies[HELD_COPIES];    \
  local uchar *held_to[HELD_COPIES]; \
  g.held = held_copies;              \
  g.to = held_to;                    \
  g.requested = 0
#else
#define SUBGROUP_COPIES(g)
#endif
#ifdef EXCHANGES_IN_MEMORY
#define SUBGROUP_WORDS(g)          \
  local uint exchanged[8 * ITEMS]; \
  g.words = exchanged
#else
#define SUBGROUP_WORDS(g)
#endif
#define SUBGROUP(g)               \
  subgroup_t g;                   \
  g.item = get_local_id(0);       \
  g.lane = subgroup_lane(g.item); \
  SUBGROUP_WORDS(g);              \
  SUBGROUP_COPIES(g)

// What every kernel begins with.
#if defined(MMA_INTEL) && !defined(XMX_EMULATED)
#define MMA_KERNEL                                   \
  __attribute__((reqd_work_group_size(ITEMS, 1, 1))) \
  __attribute__((intel_reqd_sub_group_size(MMA_LANES)))
#else
#define MMA_KERNEL __attribute__((reqd_work_group_size(ITEMS, 1, 1)))
#endif

#if defined(COPIES_BY_REGISTERS) && !defined(MMA_EMULATED)
// Loops over copies are unrolled, so `requested` is constant everywhere.
static inline void copy_async(subgroup_t *g, local uchar *to, global const uchar *from,
                              int is_inside) {
  g->to[g->requested] = to;
  g->held[g->requested++] = is_inside ? *(global const uint4 *)from : (uint4)(0);
}

static inline void commit_copies(subgroup_t *g) {}

static inline void finish_copies(subgroup_t *g) {
  UNROLL
  for (int i = 0; i < g->requested; i++) *(local uint4 *)g->to[i] = g->held[i];
  g->requested = 0;
}

#define wait_copies(g, left)
#endif

#if defined(MMA_PTX)
#include "mma_ptx.cl"
#elif defined(MMA_AMD)
#include "mma_amd.cl"
#elif defined(MMA_INTEL)
#include "mma_intel.cl"
#else
#include "mma_emulated.cl"
#endif

#if defined(MMA_PTX) || defined(MMA_EMULATED)
// The fragments of mma.m16n8k16: of each of its four 8 x 8 matrices (of 16 bits), a lane holds two
// neighboring elements of row lane / 4. The matrices of b are in the order in which two products of
// eight columns take them as pairs of registers; another order would cost moves.

static inline int a_matrix_row(int lane) { return lane % 16; }

static inline int a_matrix_chunk(int lane) { return lane / 16; }

static inline int b_matrix_row(int lane) { return lane % 8 + lane / 16 * 8; }

static inline int b_matrix_chunk(int lane) { return lane / 8 % 2; }

#if defined(MMA_EMULATED) || defined(LOADS_BY_WORDS)
// Word `i` of a lane, read as ldmatrix does: lane 8 i + r has the place of row r of matrix i. There
// is no barrier, so that a barrier that a kernel lacks is not replaced by the emulation's.
#define LOAD_MATRICES(f, matrix, row_of, chunk_of, chunk, chunks)                            \
  UNROLL                                                                                     \
  for (int i = 0; i < 4; i++) {                                                              \
    const int from = 8 * i + g->lane / 4, r = row_of(from), c = (chunk) + chunk_of(from);    \
    (f)[i] = *(local const uint *)((matrix) + CHUNK_OFFSET(r, c, chunks) + g->lane % 4 * 4); \
  }
#define LOAD_MATRICES_TRANSPOSED(f, matrix, row_of, chunk_of, chunk, chunks)                \
  UNROLL                                                                                    \
  for (int i = 0; i < 4; i++) {                                                             \
    uint word = 0;                                                                          \
    UNROLL                                                                                  \
    for (int h = 0; h < 2; h++) {                                                           \
      const int from = 8 * i + g->lane % 4 * 2 + h, r = row_of(from),                       \
                c = (chunk) + chunk_of(from);                                               \
      const uint half_word =                                                                \
          *(local const ushort *)((matrix) + CHUNK_OFFSET(r, c, chunks) + g->lane / 4 * 2); \
      word |= half_word << 16 * h;                                                          \
    }                                                                                       \
    (f)[i] = word;                                                                          \
  }
#else
#define LOAD_MATRICES(f, matrix, row_of, chunk_of, chunk, chunks) \
  LDMATRIX(f, (matrix), row_of(g->lane), (chunk) + chunk_of(g->lane), chunks, "")
#define LOAD_MATRICES_TRANSPOSED(f, matrix, row_of, chunk_of, chunk, chunks) \
  LDMATRIX(f, (matrix), row_of(g->lane), (chunk) + chunk_of(g->lane), chunks, ".trans")
#endif

static inline void load_a(subgroup_t *g, uint *f, local const uchar *matrix, int chunk,
                          int chunks) {
  LOAD_MATRICES(f, matrix, a_matrix_row, a_matrix_chunk, chunk, chunks);
}

static inline void load_b(subgroup_t *g, uint *f, local const uchar *matrix, int chunk,
                          int chunks) {
  LOAD_MATRICES(f, matrix, b_matrix_row, b_matrix_chunk, chunk, chunks);
}

static inline void load_a_transposed(subgroup_t *g, uint *f, local const uchar *matrix, int chunk,
                                     int chunks) {
  LOAD_MATRICES_TRANSPOSED(f, matrix, b_matrix_row, b_matrix_chunk, chunk, chunks);
}

static inline void load_b_transposed(subgroup_t *g, uint *f, local const uchar *matrix, int chunk,
                                     int chunks) {
  LOAD_MATRICES_TRANSPOSED(f, matrix, a_matrix_row, a_matrix_chunk, chunk, chunks);
}

static inline int sum_row(const subgroup_t *g, int e) { return g->lane / 4 + e / 2 % 2 * 8; }

static inline int sum_column(const subgroup_t *g, int e) {
  return e / 4 * 8 + g->lane % 4 * 2 + e % 2;
}

// A lane's sums are in two rows: sums 0, 1, 4 and 5 in the first.
#define SUM_ROWS 2
#define row_of_sum(e) ((e) / 2 % 2)

static inline float lanes_max(subgroup_t *g, float x) {
  x = fmax(x, lanes_exchanged(g, x, 1));
  return fmax(x, lanes_exchanged(g, x, 2));
}

static inline float lanes_sum(subgroup_t *g, float x) {
  x += lanes_exchanged(g, x, 1);
  return x + lanes_exchanged(g, x, 2);
}

#if ELEMENT_BITS == 16
// Nothing moves between lanes.
static inline void sums_to_a(uint *f, const float *sums) {
  UNROLL
  for (int i = 0; i < 4; i++) f[i] = pack2(sums[2 * i], sums[2 * i + 1]);
}
#endif

// Packed fragments are stored as b.
static inline void store_packed(const subgroup_t *g, const uint *f, global uint4 *packed,
                                int index) {
  packed[index * 32 + g->lane] = (uint4)(f[0], f[1], f[2], f[3]);
}

static inline void load_b_packed(subgroup_t *g, uint *f, global const uint4 *packed, int index) {
  const uint4 w = packed[index * 32 + g->lane];
  f[0] = w.x;
  f[1] = w.y;
  f[2] = w.z;
  f[3] = w.w;
}

static inline void load_a_packed(subgroup_t *g, uint *f, global const uint4 *packed, int index) {
  const uint4 w = packed[index * 32 + g->lane];
  f[0] = w.x;
  f[1] = w.z;
  f[2] = w.y;
  f[3] = w.w;
}
#endif

#if ELEMENT_BITS == 16
// Four neighboring elements.
static inline float4 unpack4(uint2 w) {
#ifdef ELEMENT_BFLOAT16
  return as_float4((uint4)(w.x << 16, w.x & 0xFFFF0000u, w.y << 16, w.y & 0xFFFF0000u));
#else
  return vload_half4(0, (const half *)&w);
#endif
}
#endif

// The standard normal distribution function from one exponential and one division: Abramowitz and
// Stegun 7.1.26, with an absolute error of at most 7.5e-8; 12 instructions where erf takes 60.
static inline float normal_cdf_fast(float x) {
  const float z = fabs(x) * 0.70710678118654752f;
  const float t = reciprocal_fast(fma(0.3275911f, z, 1.0f));
  float p = fma(1.061405429f, t, -1.453152027f);
  p = fma(p, t, 1.421413741f);
  p = fma(p, t, -0.284496736f);
  p = fma(p, t, 0.254829592f);
  const float tail = 0.5f * p * t * exp2_fast(-1.4426950408889634f * z * z);
  return x < 0.0f ? tail : 1.0f - tail;
}

// The activation of common.cl, with errors far below those of rounding to `element`.
static inline float activated_fast(float x, int activation) {
  if (activation == 1) return x * normal_cdf_fast(x);
#if ELEMENT_BITS == 16
  if (activation == 2)
    return x * reciprocal_fast(1.0f + exp2_fast(1.4426950408889634f * GELU_EXPONENT(x)));
#else
  if (activation == 2) return gelu_approximated(x);
#endif
  return x;
}
