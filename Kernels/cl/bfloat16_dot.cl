// bfloat16_dot.cl: dot products of bfloat16 with float sums, for CPUs. Included by the kernels that
// have a variant DOT.
//
// A word holds two neighboring depths, the lower one in its lower half. With DOT_NATIVE a vector of
// 16 words is multiplied by AVX512-BF16's vdpbf16ps; otherwise two fma do the same, which tests the
// kernels on any device.
//
// CPU drivers may compile for an older processor than the one they run on: Debian's PoCL compiles
// for skylake-avx512. A function may request the instruction all the same, but not a kernel, which
// PoCL inlines into a loop of its own without the feature; LLVM then ends the process. Hence
// `noinline`, and all vectors are passed in memory.

#ifdef DOT_NATIVE

#if __clang_major__ >= 17
typedef __bf16 dot_factor __attribute__((__vector_size__(64)));
#else
typedef int dot_factor __attribute__((__vector_size__(64)));
#endif
typedef float dot_sum __attribute__((__vector_size__(64)));

#define DOT_FUNCTION \
  __attribute__((target("avx512bf16,avx512f,avx512vl,avx512bw,avx512dq,avx512cd"), noinline))
#define ADD_DOT(sum, a, b)                                                                        \
  __builtin_astype(__builtin_ia32_dpbf16ps_512(                                                   \
                       __builtin_astype(sum, dot_sum), __builtin_astype((uint16)(a), dot_factor), \
                       __builtin_astype((uint16)(b), dot_factor)),                                \
                   float16)

#else

#define DOT_FUNCTION inline

// sum + the products of the upper halves + the products of the lower halves.
static inline float16 dot_words(float16 sum, uint16 a, uint16 b) {
  sum = fma(as_float16(a & 0xFFFF0000u), as_float16(b & 0xFFFF0000u), sum);
  return fma(as_float16(a << 16), as_float16(b << 16), sum);
}

#define ADD_DOT(sum, a, b) dot_words(sum, (uint16)(a), (uint16)(b))

#endif

// Words in memory that are aligned like elements. The built-in loads are functions without the
// target feature, which might not be inlined.
typedef uint loose_word __attribute__((aligned(2)));
typedef uint loose_words __attribute__((ext_vector_type(16), aligned(4)));

// Defines NAME, which adds a product to the ROWS x VECTORS vectors of `sum`:
//
//   sum[r, c] += sum_k left[min(r, count - 1), k] right[k, c]
//
//   left   rows of `depth` elements, `stride` apart, in address space LEFT
//   right  [ceil(depth / 2), pitch] words in address space RIGHT; 16 VECTORS words of a row are
//          read, and the upper half past an odd depth is not used
#define DEFINE_ADD_PRODUCT(NAME, LEFT, RIGHT, ROWS, VECTORS)                                     \
  DOT_FUNCTION static void NAME(                                                                 \
      float16 *restrict sum, LEFT const ushort *restrict left, size_t stride, int count,         \
      RIGHT const uint *restrict right, int pitch, int depth) {                                  \
    float16 own[ROWS][VECTORS];                                                                  \
    LEFT const ushort *restrict row[ROWS];                                                       \
    _Pragma("unroll") for (int r = 0; r < ROWS; r++) {                                           \
      row[r] = left + min(r, count - 1) * stride;                                                \
      _Pragma("unroll") for (int p = 0; p < VECTORS; p++) own[r][p] = sum[r * VECTORS + p];      \
    }                                                                                            \
    for (int k = 0; k < depth / 2; k++) {                                                        \
      uint16 b[VECTORS];                                                                         \
      _Pragma("unroll") for (int p = 0; p < VECTORS; p++) b[p] =                                 \
          *(RIGHT const loose_words *)(right + (size_t)k * pitch + 16 * p);                      \
      _Pragma("unroll") for (int r = 0; r < ROWS; r++) {                                         \
        const uint a = *(LEFT const loose_word *)(row[r] + 2 * k);                               \
        _Pragma("unroll") for (int p = 0; p < VECTORS; p++) own[r][p] =                          \
            ADD_DOT(own[r][p], a, b[p]);                                                         \
      }                                                                                          \
    }                                                                                            \
    if (depth % 2 == 1) {                                                                        \
      _Pragma("unroll") for (int r = 0; r < ROWS; r++) {                                         \
        const uint a = row[r][depth - 1];                                                        \
        _Pragma("unroll") for (int p = 0; p < VECTORS; p++) own[r][p] =                          \
            ADD_DOT(own[r][p], a,                                                                \
                    *(RIGHT const loose_words *)(right + (size_t)(depth / 2) * pitch + 16 * p)); \
      }                                                                                          \
    }                                                                                            \
    _Pragma("unroll") for (int r = 0; r < ROWS; r++)                                             \
        _Pragma("unroll") for (int p = 0; p < VECTORS; p++) sum[r * VECTORS + p] = own[r][p];    \
  }
