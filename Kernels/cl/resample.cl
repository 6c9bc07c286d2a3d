// resample.cl: tokens of one grid as weighted sums of tokens of another, for several blocks at
// once.
//
//   fine      [blocks][B, T, width]    tokens T; blocks are block_stride elements apart
//   coarse    [B, S, blocks width]     coarse_tokens S
//   indices, weights [taps, T]         the coarse tokens that make up a fine token
//
//   fine[l][b, t, c] = sum_k weights[k, t] coarse[b, indices[k, t], l width + c]    for t > 0
//   fine[l][b, 0, c] = 0
//
// With WG = 1, one work-item per row of `fine`, of all blocks, in float16 vectors. Otherwise one
// per column of `coarse` along dimension 0; along dimensions 1 (tokens) and 2 (batch) each may
// stride over several. CPU reference: Sources/DVTReference/Operations/ReferenceBackend+Reuse.swift

#if WG == 1

__attribute__((reqd_work_group_size(1, 1, 1))) kernel void resample_tokens(
    global element *restrict fine, global const element *restrict coarse,
    global const int *restrict indices, global const float *restrict weights, int batch, int tokens,
    int coarse_tokens, int blocks, int block_stride, int width, int taps) {
  const int row = get_global_id(0), image = row / tokens, token = row % tokens;
  if (image >= batch) return;
  const int count = token > 0 ? taps : 0, pitch = blocks * width;
  coarse += (size_t)image * coarse_tokens * pitch;
  fine += (size_t)row * width;
  for (int block = 0; block < blocks; block++, coarse += width, fine += block_stride) {
    int c = 0;
    for (; c + 16 <= width; c += 16) {
      float16 sum = 0.0f;
      for (int k = 0; k < count; k++) {
        const size_t source = (size_t)indices[k * tokens + token] * pitch + c;
        sum = fma((float16)(weights[k * tokens + token]), load16(coarse + source), sum);
      }
      store16(fine + c, sum);
    }
    for (; c < width; c++) {
      float sum = 0.0f;
      for (int k = 0; k < count; k++) {
        const size_t source = (size_t)indices[k * tokens + token] * pitch + c;
        sum = fma(weights[k * tokens + token], load(coarse + source), sum);
      }
      store(fine + c, sum);
    }
  }
}

#else

kernel void resample_tokens(global element *restrict fine, global const element *restrict coarse,
                            global const int *restrict indices,
                            global const float *restrict weights, int batch, int tokens,
                            int coarse_tokens, int blocks, int block_stride, int width, int taps) {
  const int column = get_global_id(0), pitch = blocks * width;
  if (column >= pitch) return;
  fine += (size_t)(column / width) * block_stride + column % width;
  for (int image = get_global_id(2); image < batch; image += get_global_size(2))
    for (int token = get_global_id(1); token < tokens; token += get_global_size(1)) {
      float sum = 0.0f;
      for (int k = 0; token > 0 && k < taps; k++) {
        const int source = indices[k * tokens + token];
        const size_t index = ((size_t)image * coarse_tokens + source) * pitch + column;
        sum = fma(weights[k * tokens + token], load(coarse + index), sum);
      }
      store(fine + ((size_t)image * tokens + token) * width, sum);
    }
}

#endif
