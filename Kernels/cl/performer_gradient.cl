// performer_gradient.cl: backward pass of Performer attention. The host recomputes phi and the sums
// with performer.cl.
//
//   kqv, dkqv [B, T, 3 E]       tokens T, width E; k, then q, then v
//   features  [m, E]            w; m = count
//   y, dy     [B, T, E]
//   phi       [B, T, 2, m]      of the key, then of the query; this and the following are float
//   sums      [B, m, E + 1]     phi(k) v^T, and phi(k) last
//   rates     [B, T, 2]         1 / mass and dy . y / mass, where mass is the divisor of y
//   partial   [B, P, m, E + 1]  dsums over P chunks of SUM_CHUNK tokens
//   dsums     [B, m, E + 1]     the gradient of `sums`
//   slopes    [B, T, 2, m]      dphi phi, of the key, then of the query
//   rows      B T
//
//   dphi(q)_i = (sums[i, :E] . dy - sums[i, E] (dy . y)) / mass
//   dsums[i, :E] = sum_t phi(q_t)_i dy_t / mass_t
//   dsums[i, E] = -sum_t phi(q_t)_i dy_t . y_t / mass_t
//   dphi(k)_i = dsums[i, :E] . v + dsums[i, E]
//   dv = sum_i phi(k)_i dsums[i, :E]
//   dz = sum_i dphi(z)_i phi(z)_i (w_i - z)    for z = k, q
//
// performer_rates: one work-item per token. The others: one per element of the output; dimension 0
// runs along its rows, and along the others each may stride over several.
// CPU reference: Sources/DVTReference/Gradients/ReferenceBackend+PerformerGradient.swift

#ifndef SUM_CHUNK
#define SUM_CHUNK 64  // tokens of a partial sum
#endif

kernel void performer_rates(global float *restrict rates, global const element *restrict dy,
                            global const element *restrict y, global const float *restrict phi,
                            global const float *restrict sums, int rows, int tokens, int count,
                            int width) {
  const int row = get_global_id(0);
  if (row >= rows) return;
  global const float *restrict query = phi + (size_t)row * 2 * count + count;
  global const float *restrict table = sums + (size_t)(row / tokens) * count * (width + 1);
  float mass = 1e-8f, product = 0.0f;
  for (int i = 0; i < count; i++) mass = fma(query[i], table[i * (width + 1) + width], mass);
  for (int e = 0; e < width; e++)
    product = fma(load(dy + (size_t)row * width + e), load(y + (size_t)row * width + e), product);
  rates[2 * (size_t)row] = 1.0f / mass;
  rates[2 * (size_t)row + 1] = product / mass;
}

kernel void performer_sum_gradients(
    global float *restrict partial, global const float *restrict phi,
    global const float *restrict rates, global const element *restrict dy, int batch, int tokens,
    int chunks, int count, int width) {
  const int column = get_global_id(0), columns = count * (width + 1);
  if (column >= columns) return;
  const int feature = column / (width + 1), e = column % (width + 1);
  for (int image = get_global_id(2); image < batch; image += get_global_size(2))
    for (int chunk = get_global_id(1); chunk < chunks; chunk += get_global_size(1)) {
      const int end = min((chunk + 1) * SUM_CHUNK, tokens);
      float sum = 0.0f;
      for (int token = chunk * SUM_CHUNK; token < end; token++) {
        const size_t row = (size_t)image * tokens + token;
        const float value =
            e < width ? load(dy + row * width + e) * rates[2 * row] : -rates[2 * row + 1];
        sum = fma(phi[row * 2 * count + count + feature], value, sum);
      }
      partial[((size_t)image * chunks + chunk) * columns + column] = sum;
    }
}

kernel void performer_slopes(global float *restrict slopes, global const float *restrict phi,
                             global const float *restrict rates, global const element *restrict dy,
                             global const element *restrict kqv, global const float *restrict sums,
                             global const float *restrict dsums, int rows, int tokens, int count,
                             int width) {
  const int column = get_global_id(0);
  if (column >= 2 * count) return;
  const int part = column / count, feature = column % count;
  for (int row = get_global_id(1); row < rows; row += get_global_size(1)) {
    const size_t start = ((size_t)(row / tokens) * count + feature) * (width + 1);
    global const float *restrict table = (part == 0 ? dsums : sums) + start;
    global const element *restrict other =
        part == 0 ? kqv + (size_t)row * 3 * width + 2 * width : dy + (size_t)row * width;
    float sum = 0.0f;
    for (int e = 0; e < width; e++) sum = fma(table[e], load(other + e), sum);
    const float change =
        part == 0 ? sum + table[width]
                  : sum * rates[2 * (size_t)row] - table[width] * rates[2 * (size_t)row + 1];
    const size_t index = (size_t)row * 2 * count + column;
    slopes[index] = change * phi[index];
  }
}

kernel void performer_gradient(global element *restrict dkqv, global const float *restrict slopes,
                               global const float *restrict phi, global const element *restrict kqv,
                               global const element *restrict features,
                               global const float *restrict dsums, int rows, int tokens, int count,
                               int width) {
  const int column = get_global_id(0);
  if (column >= 3 * width) return;
  const int part = column / width, e = column % width;
  for (int row = get_global_id(1); row < rows; row += get_global_size(1)) {
    const size_t index = (size_t)row * 3 * width + column, first = (size_t)row * 2 * count;
    global const float *restrict table = dsums + (size_t)(row / tokens) * count * (width + 1);
    float sum = 0.0f;
    if (part == 2) {
      for (int i = 0; i < count; i++) sum = fma(phi[first + i], table[i * (width + 1) + e], sum);
    } else {
      for (int i = 0; i < count; i++)
        sum = fma(slopes[first + part * count + i],
                  load(features + i * width + e) - load(kqv + index), sum);
    }
    store(dkqv + index, sum);
  }
}
