// attention_gradient.cl: the way back of attention, for devices that want many work-items (GPUs);
// and for all devices, of the relations it reused. Names and formulas are those of
// attention_gradient_vector.cl.
//
//   qkv, dqkv  [B, T, 3 H d]    dy [B, Q, H d]    logits, dlogits [B, K, Q, T]
//   weights, changes  [B, H, Q, P]    here without padding: P = T
//   dcoarse    [B, C, S, S]     the gradient of the reused relations, added to at the block's
//                               channels
//   indices, tap_weights [taps, S]  the fine tokens that a coarse token has a part in
//
// attention_gradient_rows: one work-group of WG work-items per query and head. The others: one
// work-item per element; the first dimension runs along rows, along the others a work-item may
// stride over several.
// CPU reference: Sources/DVTReference/Gradients/ReferenceBackend+AttentionGradients.swift

#if WG > 1

__attribute__((reqd_work_group_size(WG, 1, 1)))
kernel void attention_gradient_rows(global float *dqkv, global float *weights,
                                    global float *changes, global const float *restrict dy,
                                    global const float *restrict qkv,
                                    global const float *restrict logits,
                                    global const float *restrict dlogits, int tokens,
                                    int attending, int heads, int head_width, int kept_channels,
                                    int kept_channel, float scale) {
  local float scratch[WG];
  const size_t row = get_group_id(0);
  const int item = get_local_id(0), query = row % attending;
  const size_t plane = row / attending;
  const int head = plane % heads, image = plane / heads, width = heads * head_width;
  const size_t stride = 3 * width;
  const size_t kept =
      (((size_t)image * kept_channels + kept_channel + head) * attending + query) * tokens;
  global const float *restrict k = qkv + (size_t)image * tokens * stride + width + head * head_width;
  global const float *restrict v = k + width;
  dy += ((size_t)image * attending + query) * width + head * head_width;
  weights += row * tokens;
  changes += row * tokens;

  float largest = -INFINITY;
  for (int j = item; j < tokens; j += WG) largest = fmax(largest, logits[kept + j]);
  largest = group_max(scratch, largest);
  float mass = 0.0f;
  for (int j = item; j < tokens; j += WG) mass += exp(logits[kept + j] - largest);
  mass = group_sum(scratch, mass);
  float mean = 0.0f;
  for (int j = item; j < tokens; j += WG) {
    const float weight = exp(logits[kept + j] - largest) / mass;
    float change = 0.0f;
    for (int c = 0; c < head_width; c++) change = fma(dy[c], v[j * stride + c], change);
    weights[j] = weight;
    changes[j] = change;
    mean = fma(weight, change, mean);
  }
  mean = group_sum(scratch, mean);
  for (int j = item; j < tokens; j += WG)
    changes[j] = weights[j] * (changes[j] - mean) + (dlogits ? dlogits[kept + j] : 0.0f);
  barrier(CLK_GLOBAL_MEM_FENCE);
  dqkv += ((size_t)image * tokens + query) * stride + head * head_width;
  for (int c = item; c < head_width; c += WG) {
    float sum = 0.0f;
    for (int j = 0; j < tokens; j++) sum = fma(changes[j], k[j * stride + c], sum);
    dqkv[c] = sum * scale;
  }
}

// dk and dv of every key; the first dimension runs along the 2 d columns of a head.
kernel void attention_gradient_columns(global float *restrict dqkv,
                                       global const float *restrict weights,
                                       global const float *restrict changes,
                                       global const float *restrict dy,
                                       global const float *restrict qkv, int planes, int tokens,
                                       int attending, int heads, int head_width, float scale) {
  const int element = get_global_id(0), part = element / head_width, column = element % head_width;
  if (part >= 2) return;
  const int width = heads * head_width;
  const size_t stride = 3 * width;
  for (int plane = get_global_id(2); plane < planes; plane += get_global_size(2)) {
    const int head = plane % heads, image = plane / heads;
    // dk sums over queries, dv over what came back to them.
    global const float *restrict rows =
        part == 0 ? qkv + (size_t)image * tokens * stride + head * head_width + column
                  : dy + (size_t)image * attending * width + head * head_width + column;
    const size_t pitch = part == 0 ? stride : width;
    global const float *restrict factors =
        (part == 0 ? changes : weights) + (size_t)plane * attending * tokens;
    for (int key = get_global_id(1); key < tokens; key += get_global_size(1)) {
      float sum = 0.0f;
      for (int i = 0; i < attending; i++)
        sum = fma(factors[(size_t)i * tokens + key], rows[i * pitch], sum);
      dqkv[((size_t)image * tokens + key) * stride + (1 + part) * width + head * head_width +
           column] = part == 0 ? sum * scale : sum;
    }
  }
}

#endif

// dcoarse[m, n] += sum over fine tokens i of m and j of n of w_i w_j changes[i, j]; rows of
// `changes` begin `pitch` elements apart.
kernel void relation_gradient(global float *restrict dcoarse, global const float *restrict changes,
                              global const int *restrict indices,
                              global const float *restrict tap_weights, int planes, int attending,
                              int pitch, int heads, int coarse_channels, int coarse_channel,
                              int coarse_tokens, int taps) {
  const int n = get_global_id(0);
  if (n >= coarse_tokens) return;
  for (int plane = get_global_id(2); plane < planes; plane += get_global_size(2)) {
    const size_t channel = (size_t)(plane / heads) * coarse_channels + coarse_channel + plane % heads;
    global const float *restrict from = changes + (size_t)plane * attending * pitch;
    for (int m = get_global_id(1); m < coarse_tokens; m += get_global_size(1)) {
      float sum = 0.0f;
      for (int a = 0; a < taps; a++) {
        const int i = indices[a * coarse_tokens + m];
        const float weight = tap_weights[a * coarse_tokens + m];
        if (i >= attending || weight == 0.0f) continue;
        float part = 0.0f;
        for (int b = 0; b < taps; b++)
          part = fma(tap_weights[b * coarse_tokens + n],
                     from[(size_t)i * pitch + indices[b * coarse_tokens + n]], part);
        sum = fma(weight, part, sum);
      }
      dcoarse[(channel * coarse_tokens + m) * coarse_tokens + n] += sum;
    }
  }
}
