// attention_tile.cl: attention with reused relations, for devices that run many work-items and tile
// in local memory (GPUs).
//
//   qkv       [B, T, 3 H d]    tokens T, heads H, head width d; q, then k, then v, each H d
//   output    [B, Q, H d]      attending tokens Q: the first Q of T, all or the class token
//   logits    [B, K, Q, T]     if not null, receives A: head h in channel kept_channel + h;
//                              K = kept_channels; rows of kept_pitch
//   coarse    [B, C, S, S]     if not null, the relations to reuse: head h reads channel
//                              coarse_channel + h; C = coarse_channels, S = coarse_tokens; rows of
//                              coarse_pitch
//   indices, weights [taps, T] the coarse tokens that make up a fine token, class token included
//   scale     usually 1 / sqrt(d)
//
//   A[i, j] = scale q[i] . k[j] + sum_m sum_n w_i[m] w_j[n] coarse[m, n]
//   output[i] = sum_j softmax(A[i])[j] v[j]
//
// Work-groups: ITEMS_X x ITEMS_Y work-items take TILE_ROWS queries of one head and walk the keys in
// tiles of TILE_KEYS; a work-item holds TILE_ROWS / ITEMS_Y rows of the output. The softmax is
// online: only a TILE_ROWS x TILE_KEYS tile of scores is stored, in local memory. Keys and values
// share one buffer. The relations are resampled as they are added, directly from the coarse map.
// Global size (ceil(Q / TILE_ROWS) ITEMS_X, H ITEMS_Y, B), local size (ITEMS_X, ITEMS_Y, 1).
// CPU reference: Sources/DVTReference/Operations/ReferenceBackend+Attention.swift
// Papers: Dao et al., FlashAttention, arXiv:2205.14135; Milakov and Gimelshein, Online Normalizer
// Calculation for Softmax, arXiv:1805.02867

#ifndef HEAD_WIDTH
#define HEAD_WIDTH 64  // d, a multiple of ITEMS_X
#endif
#ifndef ITEMS_X
#define ITEMS_X 16  // work-items along keys and output columns
#endif
#ifndef ITEMS_Y
#define ITEMS_Y 8  // work-items along queries
#endif
#ifndef TILE_ROWS
#define TILE_ROWS 32  // queries of a tile, a multiple of ITEMS_Y; divides the work-group
#endif
#ifndef TILE_KEYS
#define TILE_KEYS 32  // keys of a tile, a multiple of ITEMS_X and of the lanes of a row
#endif
#define ITEMS (ITEMS_X * ITEMS_Y)
#define MY_ROWS (TILE_ROWS / ITEMS_Y)
#define MY_KEYS (TILE_KEYS / ITEMS_X)
#define MY_COLUMNS (HEAD_WIDTH / ITEMS_X)
#define LANES (ITEMS / TILE_ROWS)  // work-items that reduce one row
#define KEY_PITCH (TILE_KEYS + 1)  // + 1: columns are in different banks
#define ROW_PITCH (TILE_ROWS + 1)

// sum_m sum_n w_i[m] w_j[n] coarse[m, n] for the pair of query i and key j.
static inline float reused_relation(global const element *restrict coarse,
                                    global const int *restrict indices,
                                    global const float *restrict weights, int query, int key,
                                    int tokens, int coarse_pitch, int taps) {
  float sum = 0.0f;
  for (int m = 0; m < taps; m++) {
    // An unused tap must not turn an infinite relation into NaN.
    if (weights[m * tokens + query] == 0.0f) continue;
    const size_t row = (size_t)indices[m * tokens + query] * coarse_pitch;
    float part = 0.0f;
    for (int n = 0; n < taps; n++)
      if (weights[n * tokens + key] != 0.0f)
        part = fma(weights[n * tokens + key], load(coarse + row + indices[n * tokens + key]), part);
    sum = fma(weights[m * tokens + query], part, sum);
  }
  return sum;
}

__attribute__((reqd_work_group_size(ITEMS_X, ITEMS_Y, 1))) kernel void attention_tile(
    global element *restrict output, global element *restrict logits,
    global const element *restrict qkv, global const element *restrict coarse,
    global const int *restrict indices, global const float *restrict weights, int tokens,
    int attending, int heads, int kept_channels, int kept_channel, int kept_pitch,
    int coarse_channels, int coarse_channel, int coarse_tokens, int coarse_pitch, int taps,
    float scale) {
  local float queries[HEAD_WIDTH * ROW_PITCH];         // [column][row]
  local float keys_or_values[HEAD_WIDTH * KEY_PITCH];  // keys [column][key], values [key][column]
  local float score[TILE_ROWS * KEY_PITCH];
  local float partial[TILE_ROWS * LANES];
  local float largest[TILE_ROWS], total[TILE_ROWS], shrink[TILE_ROWS];

  const int x = get_local_id(0), y = get_local_id(1), item = y * ITEMS_X + x;
  const int first = get_group_id(0) * TILE_ROWS, head = get_group_id(1), image = get_group_id(2);
  const int width = heads * HEAD_WIDTH;
  const size_t stride = 3 * width;
  qkv += (size_t)image * tokens * stride + head * HEAD_WIDTH;
  if (coarse)
    coarse +=
        ((size_t)image * coarse_channels + coarse_channel + head) * coarse_tokens * coarse_pitch;
  if (logits)
    logits += ((size_t)image * kept_channels + kept_channel + head) * attending * kept_pitch;

  for (int e = item; e < TILE_ROWS * HEAD_WIDTH; e += ITEMS) {
    const int row = e / HEAD_WIDTH, column = e % HEAD_WIDTH;
    const int inside = first + row < attending;
    queries[column * ROW_PITCH + row] = inside ? load(qkv + (first + row) * stride + column) : 0.0f;
  }
  if (item < TILE_ROWS) {
    largest[item] = -INFINITY;
    total[item] = 0.0f;
  }
  float sum[MY_ROWS][MY_COLUMNS];
#pragma unroll
  for (int r = 0; r < MY_ROWS; r++)
#pragma unroll
    for (int c = 0; c < MY_COLUMNS; c++) sum[r][c] = 0.0f;

  for (int start = 0; start < tokens; start += TILE_KEYS) {
    const int count = min(tokens - start, TILE_KEYS);
    barrier(CLK_LOCAL_MEM_FENCE);  // the values of the previous tile have been read
    for (int e = item; e < TILE_KEYS * HEAD_WIDTH; e += ITEMS) {
      const int key = e / HEAD_WIDTH, column = e % HEAD_WIDTH;
      keys_or_values[column * KEY_PITCH + key] =
          key < count ? load(qkv + (start + key) * stride + width + column) : 0.0f;
    }
    barrier(CLK_LOCAL_MEM_FENCE);

    float product[MY_ROWS][MY_KEYS];
#pragma unroll
    for (int r = 0; r < MY_ROWS; r++)
#pragma unroll
      for (int k = 0; k < MY_KEYS; k++) product[r][k] = 0.0f;
    for (int c = 0; c < HEAD_WIDTH; c++) {
#pragma unroll
      for (int r = 0; r < MY_ROWS; r++)
#pragma unroll
        for (int k = 0; k < MY_KEYS; k++)
          product[r][k] = fma(queries[c * ROW_PITCH + y * MY_ROWS + r],
                              keys_or_values[c * KEY_PITCH + k * ITEMS_X + x], product[r][k]);
    }
#pragma unroll
    for (int r = 0; r < MY_ROWS; r++) {
      const int row = y * MY_ROWS + r, query = first + row;
#pragma unroll
      for (int k = 0; k < MY_KEYS; k++) {
        const int column = k * ITEMS_X + x, key = start + column;
        float value = product[r][k] * scale;
        if (query < attending && key < tokens) {
          if (coarse)
            value +=
                reused_relation(coarse, indices, weights, query, key, tokens, coarse_pitch, taps);
          if (logits) store(logits + (size_t)query * kept_pitch + key, value);
        }
        score[row * KEY_PITCH + column] = key < tokens ? value : -INFINITY;
      }
    }
    barrier(CLK_LOCAL_MEM_FENCE);

    // The values replace the keys while LANES work-items per row compute the exponentials.
    for (int e = item; e < TILE_KEYS * HEAD_WIDTH; e += ITEMS) {
      const int key = e / HEAD_WIDTH, column = e % HEAD_WIDTH;
      keys_or_values[e] =
          key < count ? load(qkv + (start + key) * stride + 2 * width + column) : 0.0f;
    }
    const int my_row = item / LANES, my_lane = item % LANES;
    float peak = -INFINITY;
    for (int k = my_lane; k < TILE_KEYS; k += LANES)
      peak = fmax(peak, score[my_row * KEY_PITCH + k]);
    partial[item] = peak;
    barrier(CLK_LOCAL_MEM_FENCE);
    peak = largest[my_row];
    for (int l = 0; l < LANES; l++) peak = fmax(peak, partial[my_row * LANES + l]);
    barrier(CLK_LOCAL_MEM_FENCE);  // all peaks and the previous `largest` have been read
    float mass = 0.0f;
    for (int k = my_lane; k < TILE_KEYS; k += LANES) {
      const float e = exp(score[my_row * KEY_PITCH + k] - peak);
      score[my_row * KEY_PITCH + k] = e;
      mass += e;
    }
    partial[item] = mass;
    barrier(CLK_LOCAL_MEM_FENCE);
    if (my_lane == 0) {
      for (int l = 1; l < LANES; l++) mass += partial[item + l];
      const float factor = exp(largest[my_row] - peak);
      shrink[my_row] = factor;
      total[my_row] = total[my_row] * factor + mass;
      largest[my_row] = peak;
    }
    barrier(CLK_LOCAL_MEM_FENCE);

#pragma unroll
    for (int r = 0; r < MY_ROWS; r++)
#pragma unroll
      for (int c = 0; c < MY_COLUMNS; c++) sum[r][c] *= shrink[y * MY_ROWS + r];
    for (int k = 0; k < count; k++) {
#pragma unroll
      for (int r = 0; r < MY_ROWS; r++)
#pragma unroll
        for (int c = 0; c < MY_COLUMNS; c++)
          sum[r][c] = fma(score[(y * MY_ROWS + r) * KEY_PITCH + k],
                          keys_or_values[k * HEAD_WIDTH + c * ITEMS_X + x], sum[r][c]);
    }
  }
#pragma unroll
  for (int r = 0; r < MY_ROWS; r++) {
    const int row = first + y * MY_ROWS + r;
    if (row < attending) {
      const float scale_row = 1.0f / total[y * MY_ROWS + r];
#pragma unroll
      for (int c = 0; c < MY_COLUMNS; c++)
        store(output + ((size_t)image * attending + row) * width + head * HEAD_WIDTH + c * ITEMS_X +
                  x,
              sum[r][c] * scale_row);
    }
  }
}
