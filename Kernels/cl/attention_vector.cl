// attention_vector.cl: attention with reused relations, for devices that run one work-item with
// wide vectors (CPUs).
//
//   qkv       [B, T, 3 H d]    tokens T, heads H, head width d; q, then k, then v, each H d
//   keys      [B, H, P / 32, d, 32]  k in transposed panels of 32, zeros from T to P = padded; with
//                              DOT [B, H, P / 32, d / 2, 32, 2]
//   values    with DOT only: [B, H, P / 2, d, 2]  v in pairs of tokens, zeros from T to P
//   output    [B, Q, H d]      attending tokens Q: the first Q of T, all or the class token
//   logits    [B, K, Q, T]     if not null, receives A: head h in channel kept_channel + h;
//                              K = kept_channels
//   coarse    [B, C, S, S]     if not null, the relations to reuse: head h reads channel
//                              coarse_channel + h; C = coarse_channels, S = coarse_tokens
//   indices, weights [taps, T] the coarse tokens that make up a fine token, class token included
//   axis_indices, axis_weights [axis_taps, target]  likewise for the rows (or columns) of the grid:
//                              `target` fine ones from `source` coarse ones
//   spread    [source, pitch]  axis_weights as a dense matrix; pitch = target rounded up to 16
//   reused    local memory: [ROWS, T] resampled relations, pitch elements of slack, and scratch of
//             S rounded up to 16 plus source x pitch
//   scale     usually 1 / sqrt(d)
//
//   A[i, j] = scale q[i] . k[j] + sum_m sum_n w_i[m] w_j[n] coarse[m, n]
//   output[i] = sum_j softmax(A[i])[j] v[j]
//
// attention_vector: one work-item per work-group takes ROWS queries of one head. It walks the keys
// in chunks of CHUNK and rescales its sums when a later chunk holds a larger logit (online
// softmax), so any T works. The relations of its queries are resampled into `reused`; neither the
// fine map nor the probabilities are stored in global memory. Global size (ceil(Q / ROWS), H, B).
// With DOT, bfloat16 elements are multiplied in pairs (see bfloat16_dot.cl), and probabilities are
// rounded to bfloat16.
// CPU reference: Sources/DVTReference/Operations/ReferenceBackend+Attention.swift
// Paper: Milakov and Gimelshein, Online Normalizer Calculation for Softmax, arXiv:1805.02867

#ifndef HEAD_WIDTH
#define HEAD_WIDTH 64  // d, a multiple of 16
#endif
#ifndef ROWS
#define ROWS 6  // queries of a work-item: ROWS x d / 16 accumulators should fit the registers
#endif
#ifndef CHUNK
#define CHUNK 256  // keys of a pass, a multiple of 32
#endif
#define PARTS (HEAD_WIDTH / 16)
#ifdef DOT
#include "bfloat16_dot.cl"
DEFINE_ADD_PRODUCT(add_scores, global, global, ROWS, 2)
DEFINE_ADD_PRODUCT(add_values, private, global, ROWS, PARTS)
#define KEY_INDEX(c, t) (((c) / 2 * 32 + (t)) * 2 + (c) % 2)
#else
#define KEY_INDEX(c, t) ((c)*32 + (t))
#endif

// keys[b, h, t / 32, c, t % 32] = k[b, t, h, c], and 0 for t >= T; `part` selects k (1) or v (2).
// One work-item per 16 tokens and head, which reads rows and writes vectors: global size
// (P / 16, H, B).
__attribute__((reqd_work_group_size(1, 1, 1))) kernel void transpose_keys(
    global element *restrict keys, global const element *restrict qkv, int tokens, int padded,
    int heads, int part) {
  const int first = get_group_id(0) * 16, head = get_group_id(1), image = get_group_id(2);
  const size_t stride = 3 * heads * HEAD_WIDTH;
  global const element *restrict rows =
      qkv + ((size_t)image * tokens + first) * stride + (part * heads + head) * HEAD_WIDTH;
  global element *restrict to =
      keys + ((size_t)image * heads + head) * HEAD_WIDTH * padded + first / 32 * 32 * HEAD_WIDTH;
  const int count = min(tokens - first, 16);
  for (int c = 0; c < HEAD_WIDTH; c++)
#pragma unroll
    for (int t = 0; t < 16; t++)
      to[KEY_INDEX(c, first % 32 + t)] = t < count ? rows[t * stride + c] : 0;
}

#ifdef DOT

// values[b, h, t / 2, c] = the word of v[b, t, h, c] and v[b, t + 1, h, c], zeros for tokens past
// the last. One work-item per pair of tokens and head: global size (P / 2, H, B).
__attribute__((reqd_work_group_size(1, 1, 1))) kernel void pair_values(
    global uint *restrict values, global const element *restrict qkv, int tokens, int padded,
    int heads) {
  const int pair = get_group_id(0), head = get_group_id(1), image = get_group_id(2);
  const size_t stride = 3 * heads * HEAD_WIDTH;
  global const element *restrict row =
      qkv + ((size_t)image * tokens + 2 * pair) * stride + (2 * heads + head) * HEAD_WIDTH;
  global uint *restrict to =
      values + (((size_t)image * heads + head) * (padded / 2) + pair) * HEAD_WIDTH;
  for (int p = 0; p < PARTS; p++) {
    uint16 word = 0;
    if (2 * pair < tokens) word = convert_uint16(vload16(p, row));
    if (2 * pair + 1 < tokens) word |= convert_uint16(vload16(p, row + stride)) << 16;
    vstore16(word, p, to);
  }
}

#endif

// mixed[n] = sum_m w_i[m] coarse[m, n] for one query i, zeros up to a multiple of 16. Returns
// whether all are finite.
static inline bool mix_coarse_rows(
    local float *restrict mixed, global const element *restrict coarse,
    global const int *restrict indices, global const float *restrict weights, int query, int tokens,
    int coarse_tokens, int taps) {
  int n = 0;
  for (; n + 16 <= coarse_tokens; n += 16) {
    float16 sum = 0.0f;
    for (int k = 0; k < taps; k++) {
      const float weight = weights[k * tokens + query];
      // An unused tap must not turn an infinite relation into NaN.
      if (weight != 0.0f)
        sum = fma((float16)(weight),
                  load16(coarse + (size_t)indices[k * tokens + query] * coarse_tokens + n), sum);
    }
    vstore16(sum, 0, mixed + n);
  }
  for (; n < coarse_tokens; n++) {
    float sum = 0.0f;
    for (int k = 0; k < taps; k++) {
      const float weight = weights[k * tokens + query];
      if (weight != 0.0f)
        sum = fma(
            weight, load(coarse + (size_t)indices[k * tokens + query] * coarse_tokens + n), sum);
    }
    mixed[n] = sum;
  }
  for (; n % 16 != 0; n++) mixed[n] = 0.0f;
  float16 check = 0.0f;
  for (n = 0; n < coarse_tokens; n += 16) check = fma(vload16(0, mixed + n), 0.0f, check);
  return sum16(check) == 0.0f;
}

// The reused relations of one query: fine[j] = sum_n w_j[n] mixed[n].
//
// The grid is resampled along its columns by the dense matrix `spread`, in vectors, and then along
// its rows by axis_weights. The zeros of `spread` would turn infinite relations into NaN, so a
// query with non-finite relations uses the tokens' own taps instead.
static inline void resample_row(
    local float *restrict fine, local const float *restrict mixed, local float *restrict wide,
    global const int *restrict indices, global const float *restrict weights,
    global const int *restrict axis_indices, global const float *restrict axis_weights,
    global const float *restrict spread, bool finite, int tokens, int taps, int axis_taps,
    int source, int target, int pitch) {
  if (!finite) {
    for (int j = 0; j < tokens; j++) {
      float sum = 0.0f;
      for (int k = 0; k < taps; k++) {
        const float weight = weights[k * tokens + j];
        if (weight != 0.0f) sum = fma(weight, mixed[indices[k * tokens + j]], sum);
      }
      fine[j] = sum;
    }
    return;
  }
  for (int y = 0; y < source; y++)
    for (int x = 0; x < pitch; x += 16) {
      float16 sum = 0.0f;
      for (int c = 0; c < source; c++)
        sum = fma((float16)(mixed[1 + y * source + c]), vload16(0, spread + c * pitch + x), sum);
      vstore16(sum, 0, wide + y * pitch + x);
    }
  fine[0] = mixed[0];
  // The last vector of a row overlaps the next row, which is written after it.
  for (int y = 0; y < target; y++)
    for (int x = 0; x < pitch; x += 16) {
      float16 sum = 0.0f;
      for (int k = 0; k < axis_taps; k++) {
        const float16 weight = axis_weights[k * target + y];
        sum = fma(weight, vload16(0, wide + axis_indices[k * target + y] * pitch + x), sum);
      }
      vstore16(sum, 0, fine + 1 + y * target + x);
    }
}

__attribute__((reqd_work_group_size(1, 1, 1))) kernel void attention_vector(
    global element *restrict output, global element *restrict logits,
    global const element *restrict qkv, global const element *restrict keys,
#ifdef DOT
    global const uint *restrict values,
#endif
    global const element *restrict coarse, global const int *restrict indices,
    global const float *restrict weights, global const int *restrict axis_indices,
    global const float *restrict axis_weights, global const float *restrict spread,
    local float *restrict reused, int tokens, int attending, int padded, int axis_taps, int source,
    int target, int pitch, int heads, int kept_channels, int kept_channel, int coarse_channels,
    int coarse_channel, int coarse_tokens, int taps, float scale) {
  const int first = get_group_id(0) * ROWS, head = get_group_id(1), image = get_group_id(2);
  const int width = heads * HEAD_WIDTH, plane = image * heads + head;
  const size_t stride = 3 * width;
  global const element *restrict q = qkv + (size_t)image * tokens * stride + head * HEAD_WIDTH;
  global const element *restrict kt = keys + (size_t)plane * HEAD_WIDTH * padded;

  size_t query[ROWS];  // rows past the end repeat the last and are not stored
  for (int r = 0; r < ROWS; r++) query[r] = min(first + r, attending - 1);
  if (coarse) {
    coarse +=
        ((size_t)image * coarse_channels + coarse_channel + head) * coarse_tokens * coarse_tokens;
    local float *restrict mixed = reused + ROWS * tokens + pitch;
    local float *restrict wide = mixed + (coarse_tokens + 15) / 16 * 16;
    for (int r = 0; r < ROWS; r++) {
      const bool finite =
          mix_coarse_rows(mixed, coarse, indices, weights, query[r], tokens, coarse_tokens, taps);
      resample_row(reused + r * tokens, mixed, wide, indices, weights, axis_indices, axis_weights,
                   spread, finite, tokens, taps, axis_taps, source, target, pitch);
    }
  }
  if (logits) logits += ((size_t)image * kept_channels + kept_channel + head) * attending * tokens;

  const int16 lane = (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  float score[ROWS * CHUNK], largest[ROWS], total[ROWS];
#ifdef DOT
  values += (size_t)plane * (padded / 2) * HEAD_WIDTH;
  ushort probability[ROWS * CHUNK];
#else
  global const element *restrict v = q + 2 * width;
  float wide[ROWS * HEAD_WIDTH];  // the queries
  for (int r = 0; r < ROWS; r++)
    for (int p = 0; p < PARTS; p++)
      vstore16(load16(q + query[r] * stride + 16 * p), r * PARTS + p, wide);
#endif
  float16 sum[ROWS][PARTS];
#pragma unroll
  for (int r = 0; r < ROWS; r++) {
    largest[r] = -INFINITY;
    total[r] = 0.0f;
#pragma unroll
    for (int p = 0; p < PARTS; p++) sum[r][p] = 0.0f;
  }

  for (int start = 0; start < tokens; start += CHUNK) {
    const int count = min(tokens - start, CHUNK);
    // scale q k^T, 32 keys at a time; columns past the last key are 0 and are masked below.
    for (int j = 0; j < count; j += 32) {
      float16 product[ROWS][2];
#pragma unroll
      for (int r = 0; r < ROWS; r++) product[r][0] = product[r][1] = 0.0f;
      global const element *restrict panel = kt + (start + j) * HEAD_WIDTH;
#ifdef DOT
      add_scores(product[0], q + first * stride, stride, attending - first,
                 (global const uint *)panel, 32, HEAD_WIDTH);
#else
      for (int c = 0; c < HEAD_WIDTH; c++) {
        const float16 k0 = load16(panel + c * 32), k1 = load16(panel + c * 32 + 16);
#pragma unroll
        for (int r = 0; r < ROWS; r++) {
          const float16 x = (float16)(wide[r * HEAD_WIDTH + c]);
          product[r][0] = fma(x, k0, product[r][0]);
          product[r][1] = fma(x, k1, product[r][1]);
        }
      }
#endif
#pragma unroll
      for (int r = 0; r < ROWS; r++) {
        vstore16(product[r][0] * scale, 0, score + r * CHUNK + j);
        vstore16(product[r][1] * scale, 1, score + r * CHUNK + j);
      }
    }
    if (coarse) {
      for (int r = 0; r < ROWS; r++)
        for (int j = 0; j < count; j++) score[r * CHUNK + j] += reused[r * tokens + start + j];
    }
    if (logits) {
      for (int r = 0; r < ROWS && first + r < attending; r++)
        for (int j = 0; j < count; j++)
          store(logits + query[r] * tokens + start + j, score[r * CHUNK + j]);
    }
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
      float16 peak = -INFINITY;
      for (int j = 0; j < count; j += 16) {
        const float16 s = vload16(0, score + r * CHUNK + j);
        peak = fmax(peak, select((float16)(-INFINITY), s, lane + j < (int16)(count)));
      }
      const float now = fmax(largest[r], max16(peak)), shrink = exp(largest[r] - now);
      float16 mass = 0.0f;
      for (int j = 0; j < count; j += 16) {
        float16 e = exp16(vload16(0, score + r * CHUNK + j) - now);
        e = select((float16)(0.0f), e, lane + j < (int16)(count));
#ifdef DOT
        vstore16(to_bfloat16_16(e), 0, probability + r * CHUNK + j);
#else
        vstore16(e, 0, score + r * CHUNK + j);
#endif
        mass += e;
      }
      largest[r] = now;
      total[r] = total[r] * shrink + sum16(mass);
#pragma unroll
      for (int p = 0; p < PARTS; p++) sum[r][p] *= shrink;
    }
#ifdef DOT
    add_values(sum[0], probability, CHUNK, ROWS, values + (size_t)(start / 2) * HEAD_WIDTH,
               HEAD_WIDTH, count);
#else
    for (int j = 0; j < count; j++) {
      global const element *restrict value = v + (start + j) * stride;
#pragma unroll
      for (int p = 0; p < PARTS; p++) {
        const float16 x = load16(value + 16 * p);
#pragma unroll
        for (int r = 0; r < ROWS; r++)
          sum[r][p] = fma((float16)(score[r * CHUNK + j]), x, sum[r][p]);
      }
    }
#endif
  }
#pragma unroll
  for (int r = 0; r < ROWS; r++) {
    if (first + r < attending) {
      const size_t row = ((size_t)image * attending + first + r) * width + head * HEAD_WIDTH;
#pragma unroll
      for (int p = 0; p < PARTS; p++) store16(output + row + 16 * p, sum[r][p] / total[r]);
    }
  }
}
