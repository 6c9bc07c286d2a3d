// mma_ptx.cl: mma.cl on NVIDIA's tensor cores, by inline PTX.

#ifdef __NV_CL_C_VERSION
#define ASM asm volatile
#else
#define ASM __asm__ volatile  // clang, for checks of the machine code
#endif

#ifdef SHARED_BY_CVTA
static inline uint shared_address(local const void *p) {
  uint address;
  ASM("{ .reg .u64 t; cvta.to.shared.u64 t, %1; cvt.u32.u64 %0, t; }" : "=r"(address) : "l"(p));
  return address;
}
#else
static inline uint shared_address(local const void *p) { return (uint)(ulong)p; }
#endif

static inline int subgroup_lane(int item) {
  uint lane;
  ASM("mov.u32 %0, %%laneid;" : "=r"(lane));
  return lane;
}

#define subgroup_barrier(g) ASM("bar.warp.sync -1;" ::: "memory")

#ifndef COPIES_BY_REGISTERS
// A source size of 0 fills the destination with zeros.
static inline void copy_async(subgroup_t *g, local uchar *to, global const uchar *from,
                              int is_inside) {
  ASM("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(to)), "l"(from),
      "r"(is_inside ? 16 : 0)
      : "memory");
}

static inline void commit_copies(subgroup_t *g) { ASM("cp.async.commit_group;" ::: "memory"); }

static inline void finish_copies(subgroup_t *g) {}

// Waits until at most `left` groups of copies, a constant, are in flight.
#define wait_copies(g, left)                                     \
  do {                                                           \
    if ((left) == 0) ASM("cp.async.wait_group 0;" ::: "memory"); \
    if ((left) == 1) ASM("cp.async.wait_group 1;" ::: "memory"); \
    if ((left) == 2) ASM("cp.async.wait_group 2;" ::: "memory"); \
    if ((left) == 3) ASM("cp.async.wait_group 3;" ::: "memory"); \
  } while (0)
#endif

#define LDMATRIX(f, matrix, row, chunk, chunks, suffix)                              \
  do {                                                                               \
    const int r = (row), c = (chunk);                                                \
    const uint at = shared_address(matrix) + CHUNK_OFFSET(r, c, chunks);             \
    ASM("ldmatrix.sync.aligned.m8n8.x4" suffix ".shared.b16 {%0, %1, %2, %3}, [%4];" \
        : "=r"((f)[0]), "=r"((f)[1]), "=r"((f)[2]), "=r"((f)[3])                     \
        : "r"(at)                                                                    \
        : "memory");                                                                 \
  } while (0)

#if ELEMENT_BITS == 32
#define MMA_INSTRUCTION "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32"
#elif defined(ELEMENT_BFLOAT16)
#define MMA_INSTRUCTION "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32"
#else
#define MMA_INSTRUCTION "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32"
#endif

// c[16, 8] += a b[8, depth]^T
#define MMA(c, a, b)                                                                     \
  ASM(MMA_INSTRUCTION " {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};" \
      : "+f"((c)[0]), "+f"((c)[1]), "+f"((c)[2]), "+f"((c)[3])                           \
      : "r"((a)[0]), "r"((a)[1]), "r"((a)[2]), "r"((a)[3]), "r"((b)[0]), "r"((b)[1]))

#if ELEMENT_BITS == 32
// x = high + low, high with the 10 bits of TF32's mantissa; the product of the lows is negligible.
static inline void multiply_add(subgroup_t *g, float *sums, const uint *a, const uint *b) {
  uint a_high[4], a_low[4], b_high[4], b_low[4];
  UNROLL
  for (int i = 0; i < 4; i++) {
    a_high[i] = a[i] & 0xFFFFE000u;
    a_low[i] = as_uint(as_float(a[i]) - as_float(a_high[i]));
    b_high[i] = b[i] & 0xFFFFE000u;
    b_low[i] = as_uint(as_float(b[i]) - as_float(b_high[i]));
  }
  UNROLL
  for (int h = 0; h < 2; h++) {
    MMA(sums + 4 * h, a_low, b_high + 2 * h);
    MMA(sums + 4 * h, a_high, b_low + 2 * h);
    MMA(sums + 4 * h, a_high, b_high + 2 * h);
  }
}
#else
static inline void multiply_add(subgroup_t *g, float *sums, const uint *a, const uint *b) {
  MMA(sums, a, b);
  MMA(sums + 4, a, b + 2);
}
#endif

// Two numbers rounded to 16 bits, the first in the lower half.
static inline uint pack2(float low, float high) {
  uint word;
#ifdef ELEMENT_BFLOAT16
  ASM("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(word) : "f"(high), "f"(low));
#else
  ASM("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(word) : "f"(high), "f"(low));
#endif
  return word;
}

// The value of lane `lane ^ mask`.
static inline float lanes_exchanged(subgroup_t *g, float x, int mask) {
  float y;
  ASM("shfl.sync.bfly.b32 %0, %1, %2, 31, -1;" : "=f"(y) : "f"(x), "r"(mask));
  return y;
}

static inline float exp2_fast(float x) {
  float y;
  ASM("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

static inline float reciprocal_fast(float x) {
  float y;
  ASM("rcp.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}
