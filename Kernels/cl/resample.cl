// resample.cl: tokens of one grid as weighted sums of tokens of another.
//
//   fine      [B, T, width]    tokens T; the class token's row is 0
//   coarse    [B, S, pitch]    coarse_tokens S; columns first ..< first + width are read
//   indices, weights [taps, T] the coarse tokens that make up a fine token
//
//   fine[b, t] = sum_k weights[k, t] coarse[b, indices[k, t], first:]    for t > 0
//   fine[b, 0] = 0
//
// With WG = 1, one work-item per row of `fine`, in float16 vectors. Otherwise one per column along
// dimension 0; along dimensions 1 (tokens) and 2 (batch) each may stride over several.
// CPU reference: Sources/DVTReference/Operations/ReferenceBackend+Reuse.swift

#if WG == 1

__attribute__((reqd_work_group_size(1, 1, 1))) kernel void resample_tokens(
    global element *restrict fine, global const element *restrict coarse,
    global const int *restrict indices, global const float *restrict weights, int batch, int tokens,
    int coarse_tokens, int width, int pitch, int first, int taps) {
  const int row = get_global_id(0), image = row / tokens, token = row % tokens;
  if (image >= batch) return;
  const int count = token > 0 ? taps : 0;
  global const element *restrict from = coarse + (size_t)image * coarse_tokens * pitch + first;
  global element *restrict to = fine + (size_t)row * width;
  int c = 0;
  for (; c + 16 <= width; c += 16) {
    float16 sum = 0.0f;
    for (int k = 0; k < count; k++) {
      const size_t source = (size_t)indices[k * tokens + token] * pitch + c;
      sum = fma((float16)(weights[k * tokens + token]), load16(from + source), sum);
    }
    store16(to + c, sum);
  }
  for (; c < width; c++) {
    float sum = 0.0f;
    for (int k = 0; k < count; k++) {
      const size_t source = (size_t)indices[k * tokens + token] * pitch + c;
      sum = fma(weights[k * tokens + token], load(from + source), sum);
    }
    store(to + c, sum);
  }
}

#else

kernel void resample_tokens(global element *restrict fine, global const element *restrict coarse,
                            global const int *restrict indices,
                            global const float *restrict weights, int batch, int tokens,
                            int coarse_tokens, int width, int pitch, int first, int taps) {
  const int column = get_global_id(0);
  if (column >= width) return;
  for (int image = get_global_id(2); image < batch; image += get_global_size(2))
    for (int token = get_global_id(1); token < tokens; token += get_global_size(1)) {
      float sum = 0.0f;
      for (int k = 0; token > 0 && k < taps; k++) {
        const int source = indices[k * tokens + token];
        const size_t index = ((size_t)image * coarse_tokens + source) * pitch + first + column;
        sum = fma(weights[k * tokens + token], load(coarse + index), sum);
      }
      store(fine + ((size_t)image * tokens + token) * width + column, sum);
    }
}

#endif
