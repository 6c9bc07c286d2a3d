// attention_vector.cl: attention with reused relations, for devices that want one work-item with
// wide vectors (CPUs).
//
//   qkv      [B, T, 3 H d]     q before k before v, each H x d
//   keys     [B, H, d, P]      the keys transposed, T padded with zeros to P, a multiple of 32
//   output   [B, T, H d]
//   coarse   [B, C, S, S]      the relations to reuse, or null; this block's begin at a channel
//   logits   [B, K, T, T]      where the logits are kept, or null; likewise
//   indices, weights [taps, T] how a fine token is made of coarse tokens (class token included)
//
//   A[i, j] = scale q[i] . k[j] + sum_m sum_n w_i[m] w_j[n] coarse[m, n]
//   output[i] = sum_j softmax(A[i])[j] v[j]
//
// attention_vector: one work-item per work-group takes ROWS queries of one head. It walks the keys
// in chunks of CHUNK and rescales what it has when a later chunk holds a larger logit, so any T
// works; up to CHUNK keys it is one pass. Each query's coarse row, already resampled along the
// query axis, lies in `reused` (ROWS x S): the fine map is never stored, nor are probabilities.
// CPU reference: Sources/DVTReference/ReferenceBackend+Attention.swift
// Online softmax: Milakov and Gimelshein, arXiv:1805.02867

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

// keys[b, h, c, t] = k[b, t, h, c], and 0 for t >= T. One work-item per element; over the planes
// (b, h) a work-item may stride.
kernel void transpose_keys(global float *restrict keys, global const float *restrict qkv,
                           int tokens, int padded, int heads, int planes) {
  const int token = get_global_id(0), column = get_global_id(1), width = heads * HEAD_WIDTH;
  if (token >= padded) return;
  for (int plane = get_global_id(2); plane < planes; plane += get_global_size(2)) {
    const int image = plane / heads, head = plane % heads;
    const size_t row = ((size_t)image * tokens + token) * 3 * width;
    const float value =
        token < tokens ? qkv[row + width + head * HEAD_WIDTH + column] : 0.0f;
    keys[((size_t)plane * HEAD_WIDTH + column) * padded + token] = value;
  }
}

// One query's coarse row: reused[n] = sum_k weights[k, query] coarse[indices[k, query], n].
static inline void mix_coarse_rows(local float *restrict reused, global const float *restrict coarse,
                            global const int *restrict indices,
                            global const float *restrict weights, int query, int tokens,
                            int coarse_tokens, int taps) {
  for (int n = 0; n < coarse_tokens; n++) reused[n] = 0.0f;
  for (int k = 0; k < taps; k++) {
    const float weight = weights[k * tokens + query];
    global const float *restrict row =
        coarse + (size_t)indices[k * tokens + query] * coarse_tokens;
    if (weight != 0.0f)
      for (int n = 0; n < coarse_tokens; n++) reused[n] = fma(weight, row[n], reused[n]);
  }
}

__attribute__((reqd_work_group_size(1, 1, 1)))
kernel void attention_vector(global float *restrict output, global float *restrict logits,
                             global const float *restrict qkv, global const float *restrict keys,
                             global const float *restrict coarse,
                             global const int *restrict indices,
                             global const float *restrict weights, local float *restrict reused,
                             int tokens, int padded, int heads, int kept_channels,
                             int kept_channel, int coarse_channels, int coarse_channel,
                             int coarse_tokens, int taps, float scale) {
  const int first = get_group_id(0) * ROWS, head = get_group_id(1), image = get_group_id(2);
  const int width = heads * HEAD_WIDTH, plane = image * heads + head;
  const size_t stride = 3 * width;
  global const float *restrict q = qkv + (size_t)image * tokens * stride + head * HEAD_WIDTH;
  global const float *restrict v = q + 2 * width;
  global const float *restrict kt = keys + (size_t)plane * HEAD_WIDTH * padded;

  size_t query[ROWS];  // rows past the end repeat the last one and are not stored
  for (int r = 0; r < ROWS; r++) query[r] = min(first + r, tokens - 1);
  if (coarse) {
    coarse += ((size_t)image * coarse_channels + coarse_channel + head) * coarse_tokens *
              coarse_tokens;
    for (int r = 0; r < ROWS; r++)
      mix_coarse_rows(reused + r * coarse_tokens, coarse, indices, weights, query[r], tokens,
                      coarse_tokens, taps);
  }
  if (logits)
    logits += ((size_t)image * kept_channels + kept_channel + head) * tokens * tokens;

  const int16 lane = (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  float score[ROWS * CHUNK], largest[ROWS], total[ROWS];
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
    // scale q k^T, 32 keys at a time; columns past the last key hold 0 and are masked below.
    for (int j = 0; j < count; j += 32) {
      float16 low[ROWS], high[ROWS];
#pragma unroll
      for (int r = 0; r < ROWS; r++) low[r] = high[r] = 0.0f;
      for (int c = 0; c < HEAD_WIDTH; c++) {
        const float16 k0 = vload16(0, kt + (size_t)c * padded + start + j);
        const float16 k1 = vload16(1, kt + (size_t)c * padded + start + j);
#pragma unroll
        for (int r = 0; r < ROWS; r++) {
          const float16 x = (float16)(q[query[r] * stride + c]);
          low[r] = fma(x, k0, low[r]);
          high[r] = fma(x, k1, high[r]);
        }
      }
#pragma unroll
      for (int r = 0; r < ROWS; r++) {
        vstore16(low[r] * scale, 0, score + r * CHUNK + j);
        vstore16(high[r] * scale, 1, score + r * CHUNK + j);
      }
    }
    if (coarse) {
      for (int k = 0; k < taps; k++)
        for (int r = 0; r < ROWS; r++)
          for (int j = 0; j < count; j++) {
            const int tap = k * tokens + start + j;
            const float relation = reused[r * coarse_tokens + indices[tap]];
            // An unused tap must not turn an infinite relation into NaN.
            score[r * CHUNK + j] += weights[tap] != 0.0f ? weights[tap] * relation : 0.0f;
          }
    }
    if (logits) {
      for (int r = 0; r < ROWS && first + r < tokens; r++)
        for (int j = 0; j < count; j++)
          logits[query[r] * tokens + start + j] = score[r * CHUNK + j];
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
        float16 e = exp(vload16(0, score + r * CHUNK + j) - now);
        e = select((float16)(0.0f), e, lane + j < (int16)(count));
        vstore16(e, 0, score + r * CHUNK + j);
        mass += e;
      }
      largest[r] = now;
      total[r] = total[r] * shrink + sum16(mass);
#pragma unroll
      for (int p = 0; p < PARTS; p++) sum[r][p] *= shrink;
    }
    for (int j = 0; j < count; j++) {
      global const float *restrict value = v + (start + j) * stride;
#pragma unroll
      for (int p = 0; p < PARTS; p++) {
        const float16 x = vload16(p, value);
#pragma unroll
        for (int r = 0; r < ROWS; r++)
          sum[r][p] = fma((float16)(score[r * CHUNK + j]), x, sum[r][p]);
      }
    }
  }
#pragma unroll
  for (int r = 0; r < ROWS; r++) {
    if (first + r < tokens) {
      const size_t row = ((size_t)image * tokens + first + r) * width + head * HEAD_WIDTH;
#pragma unroll
      for (int p = 0; p < PARTS; p++) vstore16(sum[r][p] / total[r], p, output + row);
    }
  }
}
