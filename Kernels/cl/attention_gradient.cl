// attention_gradient.cl: backward pass of attention, for devices that run many work-items (GPUs);
// and of reused relations, for all devices. Formulas: attention_gradient_vector.cl.
//
//   qkv, dqkv [B, T, 3 H d]    tokens T, heads H, head width d; q, then k, then v, each H d
//   dy        [B, Q, H d]      attending tokens Q: the first Q of T, all or the class token
//   logits    [B, K, Q, T]     A, kept by the forward pass: head h in channel kept_channel + h;
//                              K = kept_channels
//   dlogits   [B, K, Q, T]     the gradient of A from later stages, in the same channels, or null
//   weights   [B, H, Q, T]     softmax(A)
//   changes   [B, H, Q, T]     dA
//   dcoarse   [B, C, S, S]     the gradient of the reused relations, accumulated: head h adds to
//                              channel coarse_channel + h; C = coarse_channels, S = coarse_tokens
//   indices, tap_weights [taps, S]  the fine tokens that read a coarse token
//   scale     as in the forward pass
//
// attention_gradient_rows: a work-group of ITEMS takes ROWS queries of one head and walks the keys
// in tiles of KEYS, twice: dA needs the mean of its row first. It stores weights, changes and dq.
// Global size (ceil(Q / ROWS) ITEMS, H, B).
// attention_gradient_columns: a work-group of ITEMS takes KEYS keys of one head and stores dk or
// dv.
// Global size (2 ceil(T / KEYS) ITEMS, H, B).
// relation_gradient: one work-item per element of dcoarse; along dimensions 1 and 2 each may stride
// over several.
// CPU reference: Sources/DVTReference/Gradients/ReferenceBackend+AttentionGradients.swift

#ifndef HEAD_WIDTH
#define HEAD_WIDTH 32  // d, a multiple of COLUMN_ITEMS
#endif
#define ITEMS 128
#define ROWS 16                          // queries of a work-group
#define KEYS 32                          // keys of a tile
#define LANES (ITEMS / ROWS)             // work-items that reduce one row
#define PAIR_ROWS (ROWS * KEYS / ITEMS)  // pairs of query and key per work-item
#define COLUMN_ITEMS 16                  // work-items along dq's columns
#define MY_ROWS (ROWS * COLUMN_ITEMS / ITEMS)
#define MY_COLUMNS (HEAD_WIDTH / COLUMN_ITEMS)
// + 1: columns are in different banks.
#define KEY_PITCH (KEYS + 1)
#define ROW_PITCH (ROWS + 1)

// Reduces the LANES elements of every query in `partial` to their maximum or sum, stored in the
// first.
static inline void reduce_rows(local float *partial, int item, int is_largest) {
  for (int lanes = LANES / 2; lanes > 0; lanes /= 2) {
    barrier(CLK_LOCAL_MEM_FENCE);
    if (item % LANES < lanes)
      partial[item] = is_largest ? fmax(partial[item], partial[item + lanes])
                                 : partial[item] + partial[item + lanes];
  }
  barrier(CLK_LOCAL_MEM_FENCE);
}

__attribute__((reqd_work_group_size(ITEMS, 1, 1))) kernel void attention_gradient_rows(
    global element *dqkv, global element *weights, global element *changes,
    global const element *restrict dy, global const element *restrict qkv,
    global const element *restrict logits, global const element *restrict dlogits, int tokens,
    int attending, int heads, int kept_channels, int kept_channel, float scale) {
  local float rows[HEAD_WIDTH * ROW_PITCH];            // dy [column][row]
  local float keys_or_values[HEAD_WIDTH * KEY_PITCH];  // values [column][key], keys [key][column]
  local float change[ROWS * KEY_PITCH];
  local float partial[ITEMS], largest[ROWS], mass[ROWS];

  const int item = get_local_id(0), first = get_group_id(0) * ROWS;
  const int head = get_group_id(1), image = get_group_id(2);
  const int width = heads * HEAD_WIDTH;
  const size_t stride = 3 * width, plane = (size_t)image * heads + head;
  const size_t kept = ((size_t)image * kept_channels + kept_channel + head) * attending * tokens;
  qkv += (size_t)image * tokens * stride + head * HEAD_WIDTH;
  dqkv += (size_t)image * tokens * stride + head * HEAD_WIDTH;
  dy += (size_t)image * attending * width + head * HEAD_WIDTH;
  weights += plane * attending * tokens;
  changes += plane * attending * tokens;

  for (int e = item; e < ROWS * HEAD_WIDTH; e += ITEMS) {
    const int row = e / HEAD_WIDTH, column = e % HEAD_WIDTH;
    const int inside = first + row < attending;
    rows[column * ROW_PITCH + row] = inside ? load(&dy[(first + row) * width + column]) : 0.0f;
  }
  // The softmax's largest logit and mass, with LANES work-items per query.
  const int my_row = item / LANES, my_lane = item % LANES;
  const int inside = first + my_row < attending;
  global const element *restrict my_logits =
      logits + kept + (size_t)(inside ? first + my_row : 0) * tokens;
  float value = -INFINITY;
  for (int j = my_lane; j < tokens; j += LANES) value = fmax(value, load(my_logits + j));
  partial[item] = value;
  reduce_rows(partial, item, 1);
  const float my_largest = partial[my_row * LANES];
  barrier(CLK_LOCAL_MEM_FENCE);  // the largest has been read
  value = 0.0f;
  for (int j = my_lane; j < tokens; j += LANES) value += exp(load(my_logits + j) - my_largest);
  partial[item] = value;
  reduce_rows(partial, item, 0);
  if (my_lane == 0) {
    largest[my_row] = my_largest;
    mass[my_row] = partial[item];
  }
  barrier(CLK_LOCAL_MEM_FENCE);

  // Pairs of query and key: the weights, and dP = dy . v in `changes` until its mean is known.
  const int pair_key = item % KEYS, pair_row = item / KEYS * PAIR_ROWS;
  float mean[PAIR_ROWS];
#pragma unroll
  for (int r = 0; r < PAIR_ROWS; r++) mean[r] = 0.0f;
  for (int start = 0; start < tokens; start += KEYS) {
    const int key = start + pair_key;
    barrier(CLK_LOCAL_MEM_FENCE);  // the previous values have been read
    for (int e = item; e < KEYS * HEAD_WIDTH; e += ITEMS) {
      const int k = e / HEAD_WIDTH, column = e % HEAD_WIDTH;
      keys_or_values[column * KEY_PITCH + k] =
          start + k < tokens ? load(&qkv[(start + k) * stride + 2 * width + column]) : 0.0f;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    float product[PAIR_ROWS];
#pragma unroll
    for (int r = 0; r < PAIR_ROWS; r++) product[r] = 0.0f;
    for (int c = 0; c < HEAD_WIDTH; c++) {
      const float v = keys_or_values[c * KEY_PITCH + pair_key];
#pragma unroll
      for (int r = 0; r < PAIR_ROWS; r++)
        product[r] = fma(rows[c * ROW_PITCH + pair_row + r], v, product[r]);
    }
#pragma unroll
    for (int r = 0; r < PAIR_ROWS; r++) {
      const int row = pair_row + r;
      if (first + row >= attending || key >= tokens) continue;
      const size_t pair = (size_t)(first + row) * tokens + key;
      const float weight = exp(load(&logits[kept + pair]) - largest[row]) / mass[row];
      store(weights + pair, weight);
      store(changes + pair, product[r]);
      mean[r] = fma(weight, product[r], mean[r]);
    }
  }
  // A row's mean is spread over KEYS work-items; LANES of them sum it through `change`.
#pragma unroll
  for (int r = 0; r < PAIR_ROWS; r++) change[(pair_row + r) * KEY_PITCH + pair_key] = mean[r];
  barrier(CLK_LOCAL_MEM_FENCE);
  value = 0.0f;
  for (int k = my_lane; k < KEYS; k += LANES) value += change[my_row * KEY_PITCH + k];
  partial[item] = value;
  reduce_rows(partial, item, 0);

  // dA and dq.
  const int x = item % COLUMN_ITEMS, y = item / COLUMN_ITEMS;
  float sum[MY_ROWS][MY_COLUMNS];
#pragma unroll
  for (int r = 0; r < MY_ROWS; r++)
#pragma unroll
    for (int c = 0; c < MY_COLUMNS; c++) sum[r][c] = 0.0f;
  for (int start = 0; start < tokens; start += KEYS) {
    const int key = start + pair_key;
    barrier(CLK_LOCAL_MEM_FENCE);  // the previous keys and changes have been read
    for (int e = item; e < KEYS * HEAD_WIDTH; e += ITEMS) {
      const int k = e / HEAD_WIDTH, column = e % HEAD_WIDTH;
      keys_or_values[e] =
          start + k < tokens ? load(&qkv[(start + k) * stride + width + column]) : 0.0f;
    }
#pragma unroll
    for (int r = 0; r < PAIR_ROWS; r++) {
      const int row = pair_row + r;
      float result = 0.0f;
      if (first + row < attending && key < tokens) {
        // The same work-item wrote these elements.
        const size_t pair = (size_t)(first + row) * tokens + key;
        result = load(weights + pair) * (load(changes + pair) - partial[row * LANES]) +
                 (dlogits ? load(&dlogits[kept + pair]) : 0.0f);
        store(changes + pair, result);
      }
      change[row * KEY_PITCH + pair_key] = result;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int k = 0; k < KEYS; k++)
#pragma unroll
      for (int r = 0; r < MY_ROWS; r++)
#pragma unroll
        for (int c = 0; c < MY_COLUMNS; c++)
          sum[r][c] = fma(change[(y * MY_ROWS + r) * KEY_PITCH + k],
                          keys_or_values[k * HEAD_WIDTH + c * COLUMN_ITEMS + x], sum[r][c]);
  }
#pragma unroll
  for (int r = 0; r < MY_ROWS; r++) {
    const int query = first + y * MY_ROWS + r;
    if (query >= attending) continue;
#pragma unroll
    for (int c = 0; c < MY_COLUMNS; c++)
      store(&dqkv[query * stride + c * COLUMN_ITEMS + x], sum[r][c] * scale);
  }
}

// dk = scale dA^T q (even group number along dimension 0) or dv = weights^T dy (odd): a work-group
// sums over the queries, STEP at a time.
#define STEP 16
#define MY_KEYS (KEYS * COLUMN_ITEMS / ITEMS)

__attribute__((reqd_work_group_size(ITEMS, 1, 1))) kernel void attention_gradient_columns(
    global element *restrict dqkv, global const element *restrict weights,
    global const element *restrict changes, global const element *restrict dy,
    global const element *restrict qkv, int tokens, int attending, int heads, float scale) {
  local float factors[STEP * KEY_PITCH], rows[STEP * HEAD_WIDTH];
  const int item = get_local_id(0), part = get_group_id(0) % 2;
  const int first = get_group_id(0) / 2 * KEYS;
  const int head = get_group_id(1), image = get_group_id(2);
  const int width = heads * HEAD_WIDTH;
  const size_t stride = 3 * width, plane = (size_t)image * heads + head;
  const size_t pitch = part == 0 ? stride : width;
  global const element *restrict from =
      part == 0 ? qkv + (size_t)image * tokens * stride : dy + (size_t)image * attending * width;
  from += head * HEAD_WIDTH;
  global const element *restrict pairs =
      (part == 0 ? changes : weights) + plane * attending * tokens;

  const int x = item % COLUMN_ITEMS, y = item / COLUMN_ITEMS;
  float sum[MY_KEYS][MY_COLUMNS];
#pragma unroll
  for (int k = 0; k < MY_KEYS; k++)
#pragma unroll
    for (int c = 0; c < MY_COLUMNS; c++) sum[k][c] = 0.0f;
  // do, not for: PoCL 6.0 ends the process ("Instruction Combining did not reach a fixpoint") for a
  // head width of 48 where the sums after the loop may also be those before it. Q is at least 1.
  int start = 0;
  do {
    barrier(CLK_LOCAL_MEM_FENCE);  // the previous step has been read
    for (int e = item; e < STEP * KEYS; e += ITEMS) {
      const int i = e / KEYS, key = e % KEYS;
      const int inside = start + i < attending && first + key < tokens;
      factors[i * KEY_PITCH + key] =
          inside ? load(&pairs[(size_t)(start + i) * tokens + first + key]) : 0.0f;
    }
    for (int e = item; e < STEP * HEAD_WIDTH; e += ITEMS) {
      const int i = e / HEAD_WIDTH, column = e % HEAD_WIDTH;
      rows[e] = start + i < attending ? load(&from[(start + i) * pitch + column]) : 0.0f;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    // Full unrolling (16 steps) spills registers for d >= 96.
#pragma unroll 4
    for (int i = 0; i < STEP; i++)
#pragma unroll
      for (int k = 0; k < MY_KEYS; k++)
#pragma unroll
        for (int c = 0; c < MY_COLUMNS; c++)
          sum[k][c] = fma(factors[i * KEY_PITCH + y * MY_KEYS + k],
                          rows[i * HEAD_WIDTH + c * COLUMN_ITEMS + x], sum[k][c]);
    start += STEP;
  } while (start < attending);
  dqkv += (size_t)image * tokens * stride + (1 + part) * width + head * HEAD_WIDTH;
#pragma unroll
  for (int k = 0; k < MY_KEYS; k++) {
    const int key = first + y * MY_KEYS + k;
    if (key >= tokens) continue;
#pragma unroll
    for (int c = 0; c < MY_COLUMNS; c++)
      store(&dqkv[key * stride + c * COLUMN_ITEMS + x], part == 0 ? sum[k][c] * scale : sum[k][c]);
  }
}

// dcoarse[m, n] += sum_i sum_j w_m[i] w_n[j] changes[i, j] over the fine tokens i and j that read m
// and n. `planes` is B H; rows of `changes` are `pitch` elements apart.
kernel void relation_gradient(
    global element *restrict dcoarse, global const element *restrict changes,
    global const int *restrict indices, global const float *restrict tap_weights, int planes,
    int attending, int pitch, int heads, int coarse_channels, int coarse_channel, int coarse_tokens,
    int taps) {
  const int n = get_global_id(0);
  if (n >= coarse_tokens) return;
  for (int plane = get_global_id(2); plane < planes; plane += get_global_size(2)) {
    const size_t channel =
        (size_t)(plane / heads) * coarse_channels + coarse_channel + plane % heads;
    global const element *restrict from = changes + (size_t)plane * attending * pitch;
    for (int m = get_global_id(1); m < coarse_tokens; m += get_global_size(1)) {
      float sum = 0.0f;
      for (int a = 0; a < taps; a++) {
        const int i = indices[a * coarse_tokens + m];
        const float weight = tap_weights[a * coarse_tokens + m];
        if (i >= attending || weight == 0.0f) continue;
        float part = 0.0f;
        for (int b = 0; b < taps; b++)
          part = fma(tap_weights[b * coarse_tokens + n],
                     load(from + (size_t)i * pitch + indices[b * coarse_tokens + n]), part);
        sum = fma(weight, part, sum);
      }
      global element *restrict total = dcoarse + (channel * coarse_tokens + m) * coarse_tokens + n;
      store(total, load(total) + sum);
    }
  }
}
