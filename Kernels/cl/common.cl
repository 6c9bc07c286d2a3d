// common.cl: definitions shared by several kernel files; the host prepends it to each of them.

// Work-items per work-group for row-wise kernels: a power of two, or 1 on CPU-like devices.
#ifndef WG
#define WG 64
#endif

// The elements of tensors in memory: float, or with ELEMENT_FLOAT16 or ELEMENT_BFLOAT16 16 bits.
// Kernels compute in float; stores to 16 bits round to nearest, ties to even, and beyond the range
// give infinities. Biases, scales, shifts and sums are always float.
#if defined(ELEMENT_FLOAT16) || defined(ELEMENT_BFLOAT16)
#define ELEMENT_BITS 16
typedef ushort element;
#else
#define ELEMENT_BITS 32
typedef float element;
#endif

#ifdef ELEMENT_FLOAT16

static inline float load(global const element *p) { return vload_half(0, (global const half *)p); }

static inline float16 load16(global const element *p) {
  return vload_half16(0, (global const half *)p);
}

static inline void store(global element *p, float x) { vstore_half_rte(x, 0, (global half *)p); }

static inline void store16(global element *p, float16 x) {
  vstore_half16_rte(x, 0, (global half *)p);
}

#elif defined(ELEMENT_BFLOAT16)

// The upper half of the bits, rounded. A NaN is truncated and made quiet: rounding could carry.
static inline ushort to_bfloat16(float x) {
  const uint bits = as_uint(x);
  return isnan(x) ? bits >> 16 | 0x40 : (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
}

static inline ushort16 to_bfloat16_16(float16 x) {
  const uint16 bits = as_uint16(x), rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
  return convert_ushort16(select(rounded, bits >> 16 | 0x40, isnan(x)));
}

static inline float load(global const element *p) { return as_float((uint)*p << 16); }

static inline float16 load16(global const element *p) {
  return as_float16(convert_uint16(vload16(0, p)) << 16);
}

static inline void store(global element *p, float x) { *p = to_bfloat16(x); }

static inline void store16(global element *p, float16 x) { vstore16(to_bfloat16_16(x), 0, p); }

#else

static inline float load(global const element *p) { return *p; }

static inline float16 load16(global const element *p) { return vload16(0, p); }

static inline void store(global element *p, float x) { *p = x; }

static inline void store16(global element *p, float16 x) { vstore16(x, 0, p); }

#endif

// Up to 16 neighboring elements.
static inline void load_upto16(float *restrict values, global const element *restrict p,
                               int count) {
  if (count == 16) {
    vstore16(load16(p), 0, values);
  } else {
    for (int k = 0; k < count; k++) values[k] = load(p + k);
  }
}

// The output of a linear layer: elements, or with OUTPUT_FLOAT32 float, as logits need.
#ifdef OUTPUT_FLOAT32
typedef float output_element;

static inline void store_output(global output_element *p, float x) { *p = x; }

static inline void store_output16(global output_element *p, float16 x) { vstore16(x, 0, p); }

#else
typedef element output_element;
#define store_output store
#define store_output16 store16
#endif

// GELU with the error function, as torch.nn.GELU() computes it by default.
static inline float gelu_erf(float x) { return 0.5f * x * (1.0f + erf(x * 0.70710678118654752f)); }

// GELU's tanh approximation, 0.5 x (1 + tanh(u)) with u = sqrt(2 / pi) (x + 0.044715 x^3), computed
// as x / (1 + exp(-2 u)), which avoids the cancellation in 1 + tanh(u) for negative u. In a build
// with QUICK_GELU it is that of CLIP, with 2 u = 1.702 x; a choice at run time would cost
// registers.
#ifdef QUICK_GELU
#define GELU_EXPONENT(x) (-1.702f * (x))
#define GELU_EXPONENT_SLOPE(x) 1.702f
#else
#define GELU_EXPONENT(x) (-1.5957691216057308f * (x) * (1.0f + 0.044715f * (x) * (x)))
#define GELU_EXPONENT_SLOPE(x) (1.5957691216057308f * (1.0f + 0.134145f * (x) * (x)))
#endif
static inline float gelu_approximated(float x) { return x / (1.0f + exp(GELU_EXPONENT(x))); }

// The standard normal distribution function of several numbers, (1 + erf(x / sqrt 2)) / 2. CPU
// drivers do not vectorize erf, and on GPUs it is long and has branches, so erf(x) / x is a
// rational function of x^2 fitted on [0, 3.9]; beyond, erf is 1 within 0.5 ulp. The error of erf is
// at most 6 ulp on [-6, 6]; OpenCL allows its erf 16 ulp.
#define DEFINE_NORMAL_CDF(name, floats)                                                    \
  static inline floats name(floats x) {                                                    \
    const floats t = clamp(x * 0.70710678118654752f, -3.9f, 3.9f), z = t * t;              \
    floats p = fma((floats)(2.06647041522956e-06f), z, (floats)(0.0002850630844477564f));  \
    p = fma(p, z, (floats)(0.003738377010449767f));                                        \
    p = fma(p, z, (floats)(0.05266818031668663f));                                         \
    p = fma(p, z, (floats)(0.18966752290725708f));                                         \
    p = fma(p, z, (floats)(1.1283791065216064f));                                          \
    floats q = fma((floats)(3.827003456535749e-05f), z, (floats)(0.0011573840165510774f)); \
    q = fma(q, z, (floats)(0.01491433847695589f));                                         \
    q = fma(q, z, (floats)(0.11381924897432327f));                                         \
    q = fma(q, z, (floats)(0.5014212727546692f));                                          \
    q = fma(q, z, (floats)(1.0f));                                                         \
    return 0.5f * (1.0f + t * p / q);                                                      \
  }
DEFINE_NORMAL_CDF(normal_cdf4, float4)
DEFINE_NORMAL_CDF(normal_cdf16, float16)

static inline float16 gelu16(float16 x) { return x * normal_cdf16(x); }

// exp of 16 numbers within 1 ulp: 2^n exp(r) with |r| <= ln 2 / 2, n ln 2 in two parts, and
// (exp(r) - 1 - r) / r^2 as a polynomial. Subnormal results are flushed to 0, which is negligible
// in a softmax; from 88.4 on the result is infinite. CPU drivers do not vectorize exp to 16 lanes.
static inline float16 exp16(float16 x) {
  const float16 n = rint(x * 1.44269504088896341f);
  const float16 r = fma(n, (float16)(2.12194440e-4f), fma(n, (float16)(-0.693359375f), x));
  float16 p = fma((float16)(0.0013933650916442275f), r, (float16)(0.008363179862499237f));
  p = fma(p, r, (float16)(0.04166646674275398f));
  p = fma(p, r, (float16)(0.16666576266288757f));
  p = fma(p, r, (float16)(0.5f));
  const float16 y = fma(p, r * r, r) + 1.0f;
  // The clamp only keeps the conversion defined; NaN propagates through y.
  const int16 power = convert_int16(clamp(n, -126.0f, 128.0f)) + 127;
  return select(y * as_float16(power << 23), (float16)(0.0f), x < -87.0f);
}

// The activation of a linear layer: 0 is the identity, 1 GELU (erf), 2 its approximation.
static inline float activated(float x, int activation) {
  if (activation == 1) return gelu_erf(x);
  if (activation == 2) return gelu_approximated(x);
  return x;
}

static inline float4 activated4(float4 x, int activation) {
  if (activation == 1) return x * normal_cdf4(x);
  if (activation == 2) return x / (1.0f + exp(GELU_EXPONENT(x)));
  return x;
}

static inline float16 activated16(float16 x, int activation) {
  if (activation == 1) return gelu16(x);
  if (activation == 2) return x / (1.0f + exp(GELU_EXPONENT(x)));
  return x;
}

// Tree reductions of a float16 vector. They access single elements because oclgrind reports the
// swizzles `v.lo` and `v.hi` as uninitialized.

static inline float sum16(float16 v) {
  return (((v.s0 + v.s8) + (v.s4 + v.sc)) + ((v.s2 + v.sa) + (v.s6 + v.se))) +
         (((v.s1 + v.s9) + (v.s5 + v.sd)) + ((v.s3 + v.sb) + (v.s7 + v.sf)));
}

static inline float max16(float16 v) {
  const float a =
      fmax(fmax(fmax(v.s0, v.s1), fmax(v.s2, v.s3)), fmax(fmax(v.s4, v.s5), fmax(v.s6, v.s7)));
  const float b =
      fmax(fmax(fmax(v.s8, v.s9), fmax(v.sa, v.sb)), fmax(fmax(v.sc, v.sd), fmax(v.se, v.sf)));
  return fmax(a, b);
}

// What declares a function with a barrier that functions other than kernels call. rusticl of Mesa
// 25.0 inlines it, but not the function that has the barrier then (row_statistics of layernorm.cl),
// and crashes at a barrier outside the kernel. Where the frontend inlines it, rusticl inlines both.
#define GROUP_FUNCTION static inline __attribute__((always_inline))

#if WG > 1

// The sum of `value` over the work-group, returned to every work-item. All work-items must call it;
// `scratch` has WG elements and may be reused on return.
GROUP_FUNCTION float group_sum(local float *scratch, float value) {
  const int item = get_local_id(0);
  scratch[item] = value;
  for (int half_count = WG / 2; half_count > 0; half_count /= 2) {
    barrier(CLK_LOCAL_MEM_FENCE);
    if (item < half_count) scratch[item] += scratch[item + half_count];
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  const float sum = scratch[0];
  barrier(CLK_LOCAL_MEM_FENCE);
  return sum;
}

// The maximum of `value` over the work-group, under the same conditions.
GROUP_FUNCTION float group_max(local float *scratch, float value) {
  const int item = get_local_id(0);
  scratch[item] = value;
  for (int half_count = WG / 2; half_count > 0; half_count /= 2) {
    barrier(CLK_LOCAL_MEM_FENCE);
    if (item < half_count) scratch[item] = fmax(scratch[item], scratch[item + half_count]);
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  const float largest = scratch[0];
  barrier(CLK_LOCAL_MEM_FENCE);
  return largest;
}

#endif
