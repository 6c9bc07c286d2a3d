// layernorm.cl: layer normalization over the last axis of z = [x, features], forward and backward.
//
//   x, dx                 [rows, width]
//   features, dfeatures   [rows, appended]            features may be null
//   y, dy                 [rows, width + appended]
//   weight, bias          [width + appended]
//   stats                 [rows, 2]                   mean and scale, stored by layernorm_gradient
//   partial               [chunks, 2, width + appended]  sums for dweight and dbias over SUM_CHUNK
//                                                     rows each; column_sums.cl adds them
//
//   scale[r] = 1 / sqrt(variance[r] + epsilon), with the biased variance
//   n[r, c] = (z[r, c] - mean[r]) scale[r]
//   y[r, c] = n[r, c] weight[c] + bias[c]
//
// Backward pass, with g = dy weight:
//   dz = scale (g - mean(g) - n mean(g n))
//   dweight = sum_r dy n
//   dbias = sum_r dy
//
// layernorm_forward, layernorm_gradient: one work-group of WG work-items per row. With WG = 1 it
// walks the row in float16 vectors, otherwise it strides over the row and reduces in local memory.
// layernorm_parameter_gradients: with WG = 1, one work-item per chunk; otherwise one per column
// along dimension 0, and along dimension 1 each may stride over chunks. Sums are float32; the
// variance takes a second pass over the row.
// CPU reference: Sources/DVTReference/Operations/ReferenceBackend+LayerNorm.swift and
// Sources/DVTReference/Gradients/ReferenceBackend+LinearGradients.swift
// Paper: Ba et al., Layer Normalization, arXiv:1607.06450

#if WG == 1

// The sum over a segment of (load(p + c) - mean)^2, or of load(p + c) - mean if `square` is 0.
static inline float segment_sum(global const element *restrict p, int count, float mean,
                                int square) {
  float16 lanes = 0.0f;
  float rest = 0.0f;
  int c = 0;
  for (; c + 16 <= count; c += 16) {
    const float16 v = load16(p + c) - mean;
    if (square)
      lanes = fma(v, v, lanes);
    else
      lanes += v;
  }
  for (; c < count; c++) {
    const float v = load(p + c) - mean;
    rest += square ? v * v : v;
  }
  return sum16(lanes) + rest;
}

static inline void segment_store(global element *restrict y, global const element *restrict p,
                                 global const float *restrict weight,
                                 global const float *restrict bias, int count, float mean,
                                 float scale) {
  int c = 0;
  for (; c + 16 <= count; c += 16) {
    const float16 v = (load16(p + c) - mean) * scale;
    store16(y + c, fma(v, vload16(0, weight + c), vload16(0, bias + c)));
  }
  for (; c < count; c++) store(y + c, fma((load(p + c) - mean) * scale, weight[c], bias[c]));
}

#define ROW_SUM(value) ((void)scratch, (value))

#else

static inline float segment_sum(global const element *restrict p, int count, float mean,
                                int square) {
  float sum = 0.0f;
  for (int c = get_local_id(0); c < count; c += WG) {
    const float v = load(p + c) - mean;
    sum += square ? v * v : v;
  }
  return sum;
}

static inline void segment_store(global element *restrict y, global const element *restrict p,
                                 global const float *restrict weight,
                                 global const float *restrict bias, int count, float mean,
                                 float scale) {
  for (int c = get_local_id(0); c < count; c += WG)
    store(y + c, fma((load(p + c) - mean) * scale, weight[c], bias[c]));
}

#define ROW_SUM(value) group_sum(scratch, value)

#endif

// A row's (mean, scale).
static inline float2 row_statistics(global const element *restrict x,
                                    global const element *restrict features, int width,
                                    int appended, float epsilon, local float *scratch) {
  const int columns = width + appended;
  float sum = segment_sum(x, width, 0.0f, 0);
  if (features) sum += segment_sum(features, appended, 0.0f, 0);
  const float mean = ROW_SUM(sum) / columns;
  sum = segment_sum(x, width, mean, 1);
  if (features) sum += segment_sum(features, appended, mean, 1);
  return (float2)(mean, 1.0f / sqrt(ROW_SUM(sum) / columns + epsilon));
}

__attribute__((reqd_work_group_size(WG, 1, 1))) kernel void layernorm_forward(
    global element *restrict y, global const element *restrict x,
    global const element *restrict features, global const float *restrict weight,
    global const float *restrict bias, int width, int appended, float epsilon) {
  local float scratch[WG];
  const size_t row = get_group_id(0);
  const int columns = width + appended;
  x += row * width;
  y += row * columns;
  if (features) features += row * appended;

  const float2 statistics = row_statistics(x, features, width, appended, epsilon, scratch);
  const float mean = statistics.x, scale = statistics.y;

  segment_store(y, x, weight, bias, width, mean, scale);
  if (features)
    segment_store(y + width, features, weight + width, bias + width, appended, mean, scale);
}

#ifndef SUM_CHUNK
#define SUM_CHUNK 64  // rows of a partial sum
#endif

// Adds the sums of g and g n over a segment to `total` and `slope`.
static inline void segment_gradient_sums(global const element *restrict dy,
                                         global const element *restrict p,
                                         global const float *restrict weight, int count, float mean,
                                         float scale, float *total, float *slope) {
#if WG == 1
  float16 totals = 0.0f, slopes = 0.0f;
  int c = 0;
  for (; c + 16 <= count; c += 16) {
    const float16 g = load16(dy + c) * vload16(0, weight + c);
    totals += g;
    slopes = fma(g, (load16(p + c) - mean) * scale, slopes);
  }
  *total += sum16(totals);
  *slope += sum16(slopes);
#else
  int c = get_local_id(0);
#endif
  for (; c < count; c += WG) {
    const float g = load(dy + c) * weight[c];
    *total += g;
    *slope = fma(g, (load(p + c) - mean) * scale, *slope);
  }
}

static inline void segment_gradient(global element *restrict dz, global const element *restrict dy,
                                    global const element *restrict p,
                                    global const float *restrict weight, int count, float mean,
                                    float scale, float total, float slope) {
#if WG == 1
  int c = 0;
  for (; c + 16 <= count; c += 16) {
    const float16 n = (load16(p + c) - mean) * scale;
    const float16 g = load16(dy + c) * vload16(0, weight + c);
    store16(dz + c, scale * (g - total - n * slope));
  }
#else
  int c = get_local_id(0);
#endif
  for (; c < count; c += WG) {
    const float n = (load(p + c) - mean) * scale;
    store(dz + c, scale * (load(dy + c) * weight[c] - total - n * slope));
  }
}

// Stores dx, dfeatures and stats.
__attribute__((reqd_work_group_size(WG, 1, 1))) kernel void layernorm_gradient(
    global element *restrict dx, global element *restrict dfeatures, global float *restrict stats,
    global const element *restrict dy, global const element *restrict x,
    global const element *restrict features, global const float *restrict weight, int width,
    int appended, float epsilon) {
  local float scratch[WG];
  const size_t row = get_group_id(0);
  const int columns = width + appended;
  x += row * width;
  dx += row * width;
  dy += row * columns;
  if (features) {
    features += row * appended;
    dfeatures += row * appended;
  }

  const float2 statistics = row_statistics(x, features, width, appended, epsilon, scratch);
  const float mean = statistics.x, scale = statistics.y;
  float total = 0.0f, slope = 0.0f;
  segment_gradient_sums(dy, x, weight, width, mean, scale, &total, &slope);
  if (features)
    segment_gradient_sums(
        dy + width, features, weight + width, appended, mean, scale, &total, &slope);
  total = ROW_SUM(total) / columns;
  slope = ROW_SUM(slope) / columns;
  segment_gradient(dx, dy, x, weight, width, mean, scale, total, slope);
  if (features)
    segment_gradient(
        dfeatures, dy + width, features, weight + width, appended, mean, scale, total, slope);
  if (get_local_id(0) == 0) {
    stats[2 * row] = mean;
    stats[2 * row + 1] = scale;
  }
}

#if WG == 1

// Adds one row's terms of dweight and dbias over a segment.
static inline void segment_parameter_gradients(
    global float *restrict dweight, global float *restrict dbias, global const element *restrict dy,
    global const element *restrict p, int count, float mean, float scale) {
  for (int c = 0; c < count; c++) {
    const float change = load(dy + c);
    dweight[c] = fma(change, (load(p + c) - mean) * scale, dweight[c]);
    dbias[c] += change;
  }
}

__attribute__((reqd_work_group_size(1, 1, 1))) kernel void layernorm_parameter_gradients(
    global float *restrict partial, global const float *restrict stats,
    global const element *restrict dy, global const element *restrict x,
    global const element *restrict features, int rows, int width, int appended) {
  const int chunk = get_global_id(0), columns = width + appended;
  const int end = min((chunk + 1) * SUM_CHUNK, rows);
  global float *restrict dweight = partial + (size_t)chunk * 2 * columns;
  global float *restrict dbias = dweight + columns;
  for (int c = 0; c < 2 * columns; c++) dweight[c] = 0.0f;
  for (int row = chunk * SUM_CHUNK; row < end; row++) {
    const float mean = stats[2 * row], scale = stats[2 * row + 1];
    global const element *restrict change = dy + (size_t)row * columns;
    segment_parameter_gradients(
        dweight, dbias, change, x + (size_t)row * width, width, mean, scale);
    if (features)
      segment_parameter_gradients(dweight + width, dbias + width, change + width,
                                  features + (size_t)row * appended, appended, mean, scale);
  }
}

#else

kernel void layernorm_parameter_gradients(
    global float *restrict partial, global const float *restrict stats,
    global const element *restrict dy, global const element *restrict x,
    global const element *restrict features, int rows, int width, int appended) {
  const int column = get_global_id(0), columns = width + appended;
  if (column >= columns) return;
  const int chunks = (rows + SUM_CHUNK - 1) / SUM_CHUNK;
  for (int chunk = get_global_id(1); chunk < chunks; chunk += get_global_size(1)) {
    const int end = min((chunk + 1) * SUM_CHUNK, rows);
    float dweight = 0.0f, dbias = 0.0f;
    for (int row = chunk * SUM_CHUNK; row < end; row++) {
      const float z = column < width ? load(x + (size_t)row * width + column)
                                     : load(features + (size_t)row * appended + column - width);
      const float change = load(dy + (size_t)row * columns + column);
      dweight = fma(change, (z - stats[2 * row]) * stats[2 * row + 1], dweight);
      dbias += change;
    }
    partial[(size_t)chunk * 2 * columns + column] = dweight;
    partial[((size_t)chunk * 2 + 1) * columns + column] = dbias;
  }
}

#endif
