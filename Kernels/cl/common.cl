// common.cl: what two or more kernel files share; the host puts it before each of them.

// The work-items of a work-group that reduces a row together; 1 on CPU-like devices.
#ifndef WG
#define WG 64
#endif

// GELU as torch.nn.GELU() computes it, with the error function and not its tanh approximation.
static inline float gelu_erf(float x) { return 0.5f * x * (1.0f + erf(x * 0.70710678118654752f)); }

// GELU's tanh approximation, 0.5 x (1 + tanh(u)) with u = sqrt(2 / pi) (x + 0.044715 x^3), written
// as x / (1 + exp(-2 u)): the sum would lose the digits of a small result to its 1.
#define GELU_TANH_EXPONENT(x) (-1.5957691216057308f * (x) * (1.0f + 0.044715f * (x) * (x)))
static inline float gelu_tanh(float x) { return x / (1.0f + exp(GELU_TANH_EXPONENT(x))); }

// Reductions of a float16 as trees. They name single elements: oclgrind takes halves of a vector
// (`v.lo`) for uninitialised.

static inline float sum16(float16 v) {
  return (((v.s0 + v.s8) + (v.s4 + v.sc)) + ((v.s2 + v.sa) + (v.s6 + v.se))) +
         (((v.s1 + v.s9) + (v.s5 + v.sd)) + ((v.s3 + v.sb) + (v.s7 + v.sf)));
}

static inline float max16(float16 v) {
  const float a = fmax(fmax(fmax(v.s0, v.s1), fmax(v.s2, v.s3)),
                       fmax(fmax(v.s4, v.s5), fmax(v.s6, v.s7)));
  const float b = fmax(fmax(fmax(v.s8, v.s9), fmax(v.sa, v.sb)),
                       fmax(fmax(v.sc, v.sd), fmax(v.se, v.sf)));
  return fmax(a, b);
}
