// layernorm.cl: layer normalisation over the last axis, of x with other features appended.
//
//   x         [rows, width]              features  [rows, appended], may be null
//   y         [rows, width + appended]   weight, bias  [width + appended]
//
//   y[r, c] = (z[r, c] - mean[r]) / sqrt(variance[r] + epsilon) * weight[c] + bias[c]
//   with z[r] = x[r] and then features[r], and the biased variance
//
// One work-group of WG work-items per row: WG = 1 walks it in wide vectors, a larger WG strides
// over it and reduces in local memory. Sums are float32, the variance in a second pass.
// CPU reference: Sources/DVTReference/ReferenceBackend+Linear.swift
// Paper: Ba et al., Layer Normalization, arXiv:1607.06450

#if WG == 1

// The sum of (p[c] - mean)^2 over a segment, or of p[c] where `square` is 0.
static inline float segment_sum(global const float *restrict p, int count, float mean, int square) {
  float16 lanes = 0.0f;
  float rest = 0.0f;
  int c = 0;
  for (; c + 16 <= count; c += 16) {
    const float16 v = vload16(0, p + c) - mean;
    if (square)
      lanes = fma(v, v, lanes);
    else
      lanes += v;
  }
  for (; c < count; c++) {
    const float v = p[c] - mean;
    rest += square ? v * v : v;
  }
  return sum16(lanes) + rest;
}

static inline void segment_store(global float *restrict y, global const float *restrict p,
                          global const float *restrict weight,
                          global const float *restrict bias, int count, float mean, float scale) {
  int c = 0;
  for (; c + 16 <= count; c += 16) {
    const float16 v = (vload16(0, p + c) - mean) * scale;
    vstore16(fma(v, vload16(0, weight + c), vload16(0, bias + c)), 0, y + c);
  }
  for (; c < count; c++) y[c] = fma((p[c] - mean) * scale, weight[c], bias[c]);
}

#define ROW_SUM(value) (value)

#else

static inline float segment_sum(global const float *restrict p, int count, float mean, int square) {
  float sum = 0.0f;
  for (int c = get_local_id(0); c < count; c += WG) {
    const float v = p[c] - mean;
    sum += square ? v * v : v;
  }
  return sum;
}

static inline void segment_store(global float *restrict y, global const float *restrict p,
                          global const float *restrict weight,
                          global const float *restrict bias, int count, float mean, float scale) {
  for (int c = get_local_id(0); c < count; c += WG)
    y[c] = fma((p[c] - mean) * scale, weight[c], bias[c]);
}

// The sum over the work-group; WG is a power of two, and all work-items must call it.
static inline float group_sum(local float *scratch, float value) {
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

#define ROW_SUM(value) group_sum(scratch, value)

#endif

__attribute__((reqd_work_group_size(WG, 1, 1)))
kernel void layernorm_forward(global float *restrict y, global const float *restrict x,
                              global const float *restrict features,
                              global const float *restrict weight,
                              global const float *restrict bias, int width, int appended,
                              float epsilon) {
#if WG > 1
  local float scratch[WG];
#endif
  const size_t row = get_group_id(0);
  const int columns = width + appended;
  x += row * width;
  y += row * columns;
  if (features) features += row * appended;

  float sum = segment_sum(x, width, 0.0f, 0);
  if (features) sum += segment_sum(features, appended, 0.0f, 0);
  const float mean = ROW_SUM(sum) / columns;
  sum = segment_sum(x, width, mean, 1);
  if (features) sum += segment_sum(features, appended, mean, 1);
  const float scale = 1.0f / sqrt(ROW_SUM(sum) / columns + epsilon);

  segment_store(y, x, weight, bias, width, mean, scale);
  if (features)
    segment_store(y + width, features, weight + width, bias + width, appended, mean, scale);
}
