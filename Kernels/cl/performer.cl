// performer.cl: Performer attention, linear in the tokens, by positive random features.
//
//   kqv       [B, T, 3 E]       tokens T, width E; k, then q, then v
//   features  [m, E]            w; m = count
//   phi       [B, T, 2, m]      of the key, then of the query
//   partial   [B, P, m, E + 1]  sums over P chunks of SUM_CHUNK tokens: phi(k) v^T, and phi(k) last
//   sums      [B, m, E + 1]     the sums of `partial`, by sum_chunks of column_sums.cl
//   output    [B, T, E]
//   rows      B T
//
//   phi(z) = exp(z w^T - |z|^2 / 2) / sqrt(m)
//   output[t] = sum_i phi(q_t)_i sums[i, :E] / (sum_i phi(q_t)_i sums[i, E] + 1e-8)
//
// Summing chunks first keeps float32 sums short and lets chunks run in parallel. One work-item per
// element of the output; dimension 0 runs along its rows, and along the others each may stride over
// several.
// CPU reference: Sources/DVTReference/Operations/ReferenceBackend+TokensToToken.swift
// Paper: Choromanski et al., Rethinking Attention with Performers, arXiv:2009.14794

#ifndef SUM_CHUNK
#define SUM_CHUNK 64  // tokens of a partial sum
#endif

kernel void performer_features(global float *restrict phi, global const element *restrict kqv,
                               global const element *restrict features, int rows, int count,
                               int width) {
  const int column = get_global_id(0);
  if (column >= 2 * count) return;
  const int part = column / count, feature = column % count;
  for (int row = get_global_id(1); row < rows; row += get_global_size(1)) {
    global const element *restrict z = kqv + (size_t)row * 3 * width + part * width;
    float product = 0.0f, square = 0.0f;
    for (int e = 0; e < width; e++) {
      const float value = load(z + e);
      product = fma(value, load(features + feature * width + e), product);
      square = fma(value, value, square);
    }
    phi[(size_t)row * 2 * count + column] = exp(product - 0.5f * square) / sqrt((float)count);
  }
}

kernel void performer_partial_sums(global float *restrict partial, global const float *restrict phi,
                                   global const element *restrict kqv, int batch, int tokens,
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
        const float value = e < width ? load(kqv + row * 3 * width + 2 * width + e) : 1.0f;
        sum = fma(phi[row * 2 * count + feature], value, sum);
      }
      partial[((size_t)image * chunks + chunk) * columns + column] = sum;
    }
}

kernel void performer_attend(global element *restrict output, global const float *restrict phi,
                             global const float *restrict sums, int rows, int tokens, int count,
                             int width) {
  const int column = get_global_id(0);
  if (column >= width) return;
  for (int row = get_global_id(1); row < rows; row += get_global_size(1)) {
    global const float *restrict query = phi + (size_t)row * 2 * count + count;
    global const float *restrict table = sums + (size_t)(row / tokens) * count * (width + 1);
    float sum = 0.0f, mass = 1e-8f;
    for (int i = 0; i < count; i++) {
      sum = fma(query[i], table[i * (width + 1) + column], sum);
      mass = fma(query[i], table[i * (width + 1) + width], mass);
    }
    store(output + (size_t)row * width + column, sum / mass);
  }
}
