// attention_gradient_vector.cl: backward pass of attention, for devices that run one work-item with
// wide vectors (CPUs).
//
//   qkv, dqkv [B, T, 3 H d]    tokens T, heads H, head width d; q, then k, then v, each H d
//   dy        [B, Q, H d]      attending tokens Q: the first Q of T, all or the class token
//   logits    [B, K, Q, T]     A, kept by the forward pass: head h in channel kept_channel + h;
//                              K = kept_channels
//   dlogits   [B, K, Q, T]     the gradient of A from later stages, in the same channels, or null
//   values    [B, H, P / 32, d, 32]  v in transposed panels of 32, zeros from T to P = padded; by
//                              transpose_keys of attention_vector.cl
//   weights   [B, H, Q, P]     softmax(A), zeros beyond T
//   changes   [B, H, Q, P]     dA, zeros beyond T
//   scale     as in the forward pass
//
//   dP = dy v^T
//   dA = weights (dP - sum_j weights dP) + dlogits
//   dq = scale dA k,  dk = scale dA^T q,  dv = weights^T dy
//
// attention_gradient_rows: one work-item per work-group takes ROWS queries of one head and stores
// weights, changes and dq; global size (ceil(Q / ROWS), H, B).
// attention_gradient_columns: one takes COLUMNS keys and stores dk and dv; global size
// (ceil(T / COLUMNS), H, B).
// CPU reference: Sources/DVTReference/Gradients/ReferenceBackend+AttentionGradients.swift

#ifndef HEAD_WIDTH
#define HEAD_WIDTH 64  // d, a multiple of 16
#endif
#ifndef ROWS
#define ROWS 6  // queries of a work-item: ROWS x d / 16 accumulators should fit the registers
#endif
#ifndef COLUMNS
#define COLUMNS 3  // keys of a work-item, with twice as many accumulators
#endif
#define PARTS (HEAD_WIDTH / 16)

// 16 elements of p; those from `count` on are `fill`.
static inline float16 load_part(global const element *restrict p, int count, float fill) {
  if (count >= 16) return load16(p);
  float part[16];
  for (int k = 0; k < 16; k++) part[k] = k < count ? load(p + k) : fill;
  return vload16(0, part);
}

// weights = softmax(logits) over one row, zeros from `tokens` to `padded`.
static inline void softmax_row(global element *restrict weights,
                               global const element *restrict logits, int tokens, int padded) {
  float16 peak = -INFINITY;
  for (int j = 0; j < tokens; j += 16)
    peak = fmax(peak, load_part(logits + j, tokens - j, -INFINITY));
  const float largest = max16(peak);
  float16 mass = 0.0f;
  for (int j = 0; j < padded; j += 16) {
    const float16 e = j < tokens ? exp16(load_part(logits + j, tokens - j, -INFINITY) - largest)
                                 : (float16)(0.0f);
    store16(weights + j, e);
    mass += e;
  }
  const float total = sum16(mass);
  for (int j = 0; j < padded; j += 16) store16(weights + j, load16(weights + j) / total);
}

__attribute__((reqd_work_group_size(1, 1, 1))) kernel void attention_gradient_rows(
    global element *restrict dqkv, global element *restrict weights,
    global element *restrict changes, global const element *restrict dy,
    global const element *restrict qkv, global const element *restrict values,
    global const element *restrict logits, global const element *restrict dlogits, int tokens,
    int attending, int padded, int heads, int kept_channels, int kept_channel, float scale) {
  const int first = get_group_id(0) * ROWS, head = get_group_id(1), image = get_group_id(2);
  const int width = heads * HEAD_WIDTH;
  const size_t stride = 3 * width, plane = (size_t)image * heads + head;
  const size_t kept =
      ((size_t)image * kept_channels + kept_channel + head) * attending * (size_t)tokens;
  global const element *restrict vt = values + plane * HEAD_WIDTH * padded;
  global const element *restrict k =
      qkv + (size_t)image * tokens * stride + width + head * HEAD_WIDTH;

  // Rows past the end repeat the last one and store the same values.
  size_t query[ROWS];
  global const element *restrict change_y[ROWS];
  global element *weight[ROWS];
  global element *change[ROWS];
  for (int r = 0; r < ROWS; r++) {
    query[r] = min(first + r, attending - 1);
    change_y[r] = dy + ((size_t)image * attending + query[r]) * width + head * HEAD_WIDTH;
    weight[r] = weights + (plane * attending + query[r]) * padded;
    change[r] = changes + (plane * attending + query[r]) * padded;
    if (first + r < attending)
      softmax_row(weight[r], logits + kept + query[r] * tokens, tokens, padded);
  }
  float mean[ROWS];
  for (int r = 0; r < ROWS; r++) mean[r] = 0.0f;
  for (int j = 0; j < padded; j += 32) {
    float16 low[ROWS], high[ROWS];
#pragma unroll
    for (int r = 0; r < ROWS; r++) low[r] = high[r] = 0.0f;
    global const element *restrict panel = vt + (size_t)j * HEAD_WIDTH;
    for (int c = 0; c < HEAD_WIDTH; c++) {
      const float16 v0 = load16(panel + c * 32), v1 = load16(panel + c * 32 + 16);
#pragma unroll
      for (int r = 0; r < ROWS; r++) {
        const float16 x = (float16)(load(change_y[r] + c));
        low[r] = fma(x, v0, low[r]);
        high[r] = fma(x, v1, high[r]);
      }
    }
    for (int r = 0; r < ROWS; r++) {
      store16(change[r] + j, low[r]);
      store16(change[r] + j + 16, high[r]);
      mean[r] += sum16(fma(load16(weight[r] + j), low[r], load16(weight[r] + j + 16) * high[r]));
    }
  }
  for (int r = 0; r < ROWS && first + r < attending; r++)
    for (int j = 0; j < padded; j += 16) {
      float16 v = load16(weight[r] + j) * (load16(change[r] + j) - mean[r]);
      if (dlogits && j < tokens)
        v += load_part(dlogits + kept + query[r] * tokens + j, tokens - j, 0.0f);
      store16(change[r] + j, v);
    }

  float16 sum[ROWS][PARTS];
#pragma unroll
  for (int r = 0; r < ROWS; r++)
#pragma unroll
    for (int p = 0; p < PARTS; p++) sum[r][p] = 0.0f;
  for (int j = 0; j < tokens; j++) {
#pragma unroll
    for (int p = 0; p < PARTS; p++) {
      const float16 x = load16(k + j * stride + 16 * p);
#pragma unroll
      for (int r = 0; r < ROWS; r++) sum[r][p] = fma((float16)(load(change[r] + j)), x, sum[r][p]);
    }
  }
#pragma unroll
  for (int r = 0; r < ROWS; r++) {
    if (first + r < attending) {
      const size_t row = ((size_t)image * tokens + query[r]) * stride + head * HEAD_WIDTH;
#pragma unroll
      for (int p = 0; p < PARTS; p++) store16(dqkv + row + 16 * p, sum[r][p] * scale);
    }
  }
}

__attribute__((reqd_work_group_size(1, 1, 1))) kernel void attention_gradient_columns(
    global element *restrict dqkv, global const element *restrict weights,
    global const element *restrict changes, global const element *restrict dy,
    global const element *restrict qkv, int tokens, int attending, int padded, int heads,
    float scale) {
  const int first = get_group_id(0) * COLUMNS, head = get_group_id(1), image = get_group_id(2);
  const int width = heads * HEAD_WIDTH;
  const size_t stride = 3 * width, plane = (size_t)image * heads + head;
  global const element *restrict q = qkv + (size_t)image * tokens * stride + head * HEAD_WIDTH;
  global const element *restrict change_y =
      dy + (size_t)image * attending * width + head * HEAD_WIDTH;
  weights += plane * attending * padded;
  changes += plane * attending * padded;
  int key[COLUMNS];  // columns past the end repeat the last and are not stored
#pragma unroll
  for (int c = 0; c < COLUMNS; c++) key[c] = min(first + c, tokens - 1);

  float16 dk[COLUMNS][PARTS], dv[COLUMNS][PARTS];
#pragma unroll
  for (int c = 0; c < COLUMNS; c++)
#pragma unroll
    for (int p = 0; p < PARTS; p++) dk[c][p] = dv[c][p] = 0.0f;
  for (int i = 0; i < attending; i++) {
#pragma unroll
    for (int p = 0; p < PARTS; p++) {
      const float16 x = load16(q + i * stride + 16 * p);
      const float16 y = load16(change_y + (size_t)i * width + 16 * p);
#pragma unroll
      for (int c = 0; c < COLUMNS; c++) {
        dk[c][p] = fma((float16)(load(changes + (size_t)i * padded + key[c])), x, dk[c][p]);
        dv[c][p] = fma((float16)(load(weights + (size_t)i * padded + key[c])), y, dv[c][p]);
      }
    }
  }
#pragma unroll
  for (int c = 0; c < COLUMNS; c++) {
    if (first + c < tokens) {
      const size_t row = ((size_t)image * tokens + key[c]) * stride + head * HEAD_WIDTH;
#pragma unroll
      for (int p = 0; p < PARTS; p++) {
        store16(dqkv + row + width + 16 * p, dk[c][p] * scale);
        store16(dqkv + row + 2 * width + 16 * p, dv[c][p]);
      }
    }
  }
}
