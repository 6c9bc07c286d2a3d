// elementwise.cl: elementwise operations of training.
//
//   x, y, z, a, b, dy, dz  [count], of any shape
//   factors                [batch], float
//   activation             0 identity, 1 GELU (erf), 2 GELU (tanh)
//
// One work-item per element. With WG = 1, activate and activation_gradient run one work-item per
// BLOCK elements, in float16 vectors.
// CPU reference: Sources/DVTReference/Gradients

#ifndef BLOCK
#define BLOCK 2048
#endif

kernel void clear(global element *restrict y, int count) {
  const int i = get_global_id(0);
  if (i < count) y[i] = 0;
}

// y = x, rounded.
kernel void round_elements(global element *restrict y, global const float *restrict x, int count) {
  const int i = get_global_id(0);
  if (i < count) store(y + i, x[i]);
}

kernel void sum_arrays(global element *restrict y, global const element *restrict a,
                       global const element *restrict b, int count) {
  const int i = get_global_id(0);
  if (i < count) store(y + i, load(a + i) + load(b + i));
}

// y[b, ...] = factors[b] x[b, ...], with `width` elements per image. One work-item per element of
// an image along dimension 0; along dimension 1 each may stride over images.
kernel void scale_images(global element *restrict y, global const element *restrict x,
                         global const float *restrict factors, int batch, int width) {
  const int column = get_global_id(0);
  if (column >= width) return;
  for (int image = get_global_id(1); image < batch; image += get_global_size(1))
    store(y + (size_t)image * width + column,
          factors[image] * load(x + (size_t)image * width + column));
}

// y[i] = factor x[i] if a 24-bit hash of i and the seed is at least `threshold`, else 0.
kernel void dropout(global element *restrict y, global const element *restrict x, int count,
                    uint seed, uint threshold, float factor) {
  const int i = get_global_id(0);
  if (i >= count) return;
  uint h = (uint)i + seed * 0x9E3779B9u;
  h = (h ^ (h >> 16)) * 0x7FEB352Du;
  h = (h ^ (h >> 15)) * 0x846CA68Bu;
  h = (h ^ (h >> 16)) >> 8;
  store(y + i, h >= threshold ? load(x + i) * factor : 0.0f);
}

// The derivative of the activation. GELU: Phi(x) + x phi(x). Its tanh approximation x s with
// s = 1 / (1 + exp(-2 u)): s + 2 x s (1 - s) u'.
static inline float activation_slope(float x, int activation) {
  if (activation == 1)
    return 0.5f * (1.0f + erf(x * 0.70710678118654752f)) +
           x * 0.39894228040143268f * exp(-0.5f * x * x);
  if (activation == 2) {
    const float s = 1.0f / (1.0f + exp(GELU_EXPONENT(x)));
    return s + x * s * (1.0f - s) * GELU_EXPONENT_SLOPE(x);
  }
  return 1.0f;
}

static inline float16 activation_slope16(float16 x, int activation) {
  if (activation == 1) return normal_cdf16(x) + x * 0.39894228040143268f * exp16(-0.5f * x * x);
  if (activation == 2) {
    const float16 s = 1.0f / (1.0f + exp(GELU_EXPONENT(x)));
    return s + x * s * (1.0f - s) * GELU_EXPONENT_SLOPE(x);
  }
  return 1.0f;
}

#if WG == 1

kernel void activate(global element *restrict y, global const element *restrict z, int count,
                     int activation) {
  const size_t end = min((size_t)count, (get_global_id(0) + 1) * (size_t)BLOCK);
  size_t i = get_global_id(0) * BLOCK;
  for (; i + 16 <= end; i += 16) store16(y + i, activated16(load16(z + i), activation));
  for (; i < end; i++) store(y + i, activated(load(z + i), activation));
}

kernel void activation_gradient(global element *restrict dz, global const element *restrict dy,
                                global const element *restrict z, int count, int activation) {
  const size_t end = min((size_t)count, (get_global_id(0) + 1) * (size_t)BLOCK);
  size_t i = get_global_id(0) * BLOCK;
  for (; i + 16 <= end; i += 16)
    store16(dz + i, load16(dy + i) * activation_slope16(load16(z + i), activation));
  for (; i < end; i++) store(dz + i, load(dy + i) * activation_slope(load(z + i), activation));
}

#else

kernel void activate(global element *restrict y, global const element *restrict z, int count,
                     int activation) {
  const int i = get_global_id(0);
  if (i < count) store(y + i, activated(load(z + i), activation));
}

kernel void activation_gradient(global element *restrict dz, global const element *restrict dy,
                                global const element *restrict z, int count, int activation) {
  const int i = get_global_id(0);
  if (i < count) store(dz + i, load(dy + i) * activation_slope(load(z + i), activation));
}

#endif
