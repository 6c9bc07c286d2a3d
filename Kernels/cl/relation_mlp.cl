// relation_mlp.cl: the MLP over reused relations, for devices that run one work-item with wide
// vectors (CPUs).
//
//   relations, mixed        [B, C, P]    channels C = L H, pairs of coarse tokens P = S S
//   expand, expand_bias     [W, C], [W]  wide W = 3 C
//   contract, contract_bias [C, W], [C]
//   tile, hidden            local memory: [C, TILE], [W, TILE] floats; with DOT words of two
//                           channels, [ceil(C / 2), TILE], [ceil(W / 2), TILE]
//   activation              0 identity, 1 GELU (erf), 2 GELU (tanh)
//
//   mixed[:, p] = contract activation(expand relations[:, p] + expand_bias) + contract_bias
//
// One work-item per work-group runs TILE neighboring pairs of one image through both layers: each
// logit is read and written once, and the hidden map stays in the cache. ROWS channels are summed
// at a time, in registers, as in linear_packed.cl. Global size (ceil(P / TILE), B). With DOT,
// bfloat16 elements are multiplied in pairs of channels, and the hidden map is rounded to bfloat16;
// see bfloat16_dot.cl.
// CPU reference: Sources/DVTReference/Operations/ReferenceBackend+Reuse.swift

#ifndef ROWS
#define ROWS 12  // channels of a pass
#endif
#ifndef VECTORS
#define VECTORS 2  // vectors of 16 pairs
#endif
#define TILE (16 * VECTORS)

#ifdef DOT

#include "bfloat16_dot.cl"
DEFINE_ADD_PRODUCT(add_product, global, local, ROWS, VECTORS)
typedef uint tile_element;
#define CHANNELS 2  // of a tile's element
#define HIDDEN(r, p) convert_uint16(to_bfloat16_16(activated16(sum[r][p], activation)))
#define TILE_ELEMENTS(r, p) (HIDDEN(r, p) | HIDDEN((r) + 1, p) << 16)

#else

typedef float tile_element;

// sum[r] += value[r] input, one step over the channels.
static inline void add_step(float16 sum[ROWS][VECTORS], const float value[ROWS],
                            local const float *restrict input) {
  float16 v[VECTORS];
#pragma unroll
  for (int p = 0; p < VECTORS; p++) v[p] = vload16(p, input);
#pragma unroll
  for (int r = 0; r < ROWS; r++)
#pragma unroll
    for (int p = 0; p < VECTORS; p++) sum[r][p] = fma((float16)(value[r]), v[p], sum[r][p]);
}

#define CHANNELS 1
#define TILE_ELEMENTS(r, p) activated16(sum[r][p], activation)

#endif

// sum[r] = bias[first + r] + weight[first + r, :] input; rows past the end repeat the last.
static inline void sum_channels(
    float16 sum[ROWS][VECTORS], local const tile_element *restrict input,
    global const element *restrict weight, global const float *restrict bias, int first,
    int channels, int inputs) {
  global const element *restrict row[ROWS];
#pragma unroll
  for (int r = 0; r < ROWS; r++) {
    const int channel = min(first + r, channels - 1);
    row[r] = weight + (size_t)channel * inputs;
#pragma unroll
    for (int p = 0; p < VECTORS; p++) sum[r][p] = bias ? bias[channel] : 0.0f;
  }
#ifdef DOT
  add_product(sum[0], row[0], inputs, channels - first, input, TILE, inputs);
#else
  float value[ROWS];
#if ELEMENT_BITS == 32
  for (int k = 0; k < inputs; k++) {
#pragma unroll
    for (int r = 0; r < ROWS; r++) value[r] = row[r][k];
    add_step(sum, value, input + k * TILE);
  }
#else
  float block[ROWS][16];  // the next weights, widened together
  for (int start = 0; start < inputs; start += 16) {
    const int steps = min(inputs - start, 16);
    for (int r = 0; r < ROWS; r++) load_upto16(block[r], row[r] + start, steps);
    for (int k = 0; k < steps; k++) {
#pragma unroll
      for (int r = 0; r < ROWS; r++) value[r] = block[r][k];
      add_step(sum, value, input + (start + k) * TILE);
    }
  }
#endif
#endif
}

// Reads TILE pairs of every channel, zeros past the last.
static inline void read_tile(local tile_element *restrict tile,
                             global const element *restrict relations, int channels, int pairs,
                             int count) {
#ifdef DOT
  for (int c = 0; c < channels; c += 2)
    for (int p = 0; p < TILE; p++) {
      global const element *restrict from = relations + (size_t)c * pairs + p;
      const uint low = p < count ? from[0] : 0;
      const uint high = p < count && c + 1 < channels ? from[pairs] : 0;
      tile[c / 2 * TILE + p] = low | high << 16;
    }
#else
  for (int c = 0; c < channels; c++)
    for (int p = 0; p < TILE; p++)
      tile[c * TILE + p] = p < count ? load(relations + (size_t)c * pairs + p) : 0.0f;
#endif
}

// Stores up to 16 neighboring elements.
static inline void store_upto16(global element *restrict p, float16 values, int count) {
  if (count >= 16) {
    store16(p, values);
  } else {
    float rest[16];
    vstore16(values, 0, rest);
    for (int k = 0; k < count; k++) store(p + k, rest[k]);
  }
}

__attribute__((reqd_work_group_size(1, 1, 1))) kernel void relation_mlp(
    global element *restrict mixed, global const element *restrict relations,
    global const element *restrict expand, global const float *restrict expand_bias,
    global const element *restrict contract, global const float *restrict contract_bias,
    local tile_element *restrict tile, local tile_element *restrict hidden, int pairs, int channels,
    int wide, int activation) {
  const int start = get_group_id(0) * TILE, count = min(pairs - start, TILE);
  const size_t offset = (size_t)get_group_id(1) * channels * pairs + start;
  read_tile(tile, relations + offset, channels, pairs, count);

  float16 sum[ROWS][VECTORS];
  for (int first = 0; first < wide; first += ROWS) {
    sum_channels(sum, tile, expand, expand_bias, first, wide, channels);
#pragma unroll
    for (int r = 0; r < ROWS; r += CHANNELS) {
      if (first + r >= wide) continue;
#pragma unroll
      for (int p = 0; p < VECTORS; p++)
        vstore16(TILE_ELEMENTS(r, p), p, hidden + (first + r) / CHANNELS * TILE);
    }
  }
  for (int first = 0; first < channels; first += ROWS) {
    sum_channels(sum, hidden, contract, contract_bias, first, channels, wide);
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
      if (first + r >= channels) continue;
      global element *restrict row = mixed + offset + (size_t)(first + r) * pairs;
#pragma unroll
      for (int p = 0; p < VECTORS; p++) store_upto16(row + 16 * p, sum[r][p], count - 16 * p);
    }
  }
}
