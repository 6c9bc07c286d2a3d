// relation_mlp.cl: the MLP over reused relations, for devices that run one work-item with wide
// vectors (CPUs).
//
//   relations, mixed        [B, C, P]    channels C = L H, pairs of coarse tokens P = S S
//   expand, expand_bias     [W, C], [W]  wide W = 3 C
//   contract, contract_bias [C, W], [C]
//   tile, hidden            local memory: [C, TILE], [W, TILE]
//   activation              0 identity, 1 GELU (erf), 2 GELU (tanh)
//
//   mixed[:, p] = contract activation(expand relations[:, p] + expand_bias) + contract_bias
//
// One work-item per work-group runs TILE neighboring pairs of one image through both layers: each
// logit is read and written once, and the hidden map stays in the cache. ROWS channels are summed
// at a time, in registers, as in linear_packed.cl. Global size (ceil(P / TILE), B).
// CPU reference: Sources/DVTReference/Operations/ReferenceBackend+Reuse.swift

#ifndef ROWS
#define ROWS 12  // channels of a pass
#endif
#ifndef VECTORS
#define VECTORS 2  // vectors of 16 pairs
#endif
#define TILE (16 * VECTORS)

// sum[r] = bias[first + r] + weight[first + r, :] input; rows past the end repeat the last.
static inline void sum_channels(float16 sum[ROWS][VECTORS], local const float *restrict input,
                                global const float *restrict weight,
                                global const float *restrict bias, int first, int channels,
                                int inputs) {
  global const float *restrict row[ROWS];
#pragma unroll
  for (int r = 0; r < ROWS; r++) {
    const int channel = min(first + r, channels - 1);
    row[r] = weight + (size_t)channel * inputs;
#pragma unroll
    for (int p = 0; p < VECTORS; p++) sum[r][p] = bias ? bias[channel] : 0.0f;
  }
  for (int k = 0; k < inputs; k++) {
    float16 v[VECTORS];
#pragma unroll
    for (int p = 0; p < VECTORS; p++) v[p] = vload16(p, input + k * TILE);
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
      const float16 value = (float16)(row[r][k]);
#pragma unroll
      for (int p = 0; p < VECTORS; p++) sum[r][p] = fma(value, v[p], sum[r][p]);
    }
  }
}

__attribute__((reqd_work_group_size(1, 1, 1))) kernel void relation_mlp(
    global float *restrict mixed, global const float *restrict relations,
    global const float *restrict expand, global const float *restrict expand_bias,
    global const float *restrict contract, global const float *restrict contract_bias,
    local float *restrict tile, local float *restrict hidden, int pairs, int channels, int wide,
    int activation) {
  const int start = get_group_id(0) * TILE, count = min(pairs - start, TILE);
  const size_t offset = (size_t)get_group_id(1) * channels * pairs + start;
  for (int c = 0; c < channels; c++)
    for (int p = 0; p < TILE; p++)
      tile[c * TILE + p] = p < count ? relations[offset + (size_t)c * pairs + p] : 0.0f;

  float16 sum[ROWS][VECTORS];
  for (int first = 0; first < wide; first += ROWS) {
    sum_channels(sum, tile, expand, expand_bias, first, wide, channels);
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
      if (first + r >= wide) continue;
#pragma unroll
      for (int p = 0; p < VECTORS; p++)
        vstore16(activated16(sum[r][p], activation), p, hidden + (first + r) * TILE);
    }
  }
  for (int first = 0; first < channels; first += ROWS) {
    sum_channels(sum, hidden, contract, contract_bias, first, channels, wide);
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
      // `tile` has been read; it now buffers the outputs.
      if (first + r >= channels) continue;
#pragma unroll
      for (int p = 0; p < VECTORS; p++) vstore16(sum[r][p], p, tile);
      global float *restrict row = mixed + offset + (size_t)(first + r) * pairs;
      for (int p = 0; p < count; p++) row[p] = tile[p];
    }
  }
}
