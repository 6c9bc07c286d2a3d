// tokens.cl: resized images, their patches, embedding of tokens, and copies of rows.
//
// One work-item per element of the output (WG = 1: unfold_patches runs one per patch); dimension 0
// runs along its rows, and along the others each may stride over several, because devices limit the
// number of groups there (65,535 on NVIDIA's).
// CPU reference: Sources/DVTReference/Operations/ReferenceBackend+Tokens.swift

// output[p, i, c] = sum_k weights[k, i] input[p, indices[k, i], c]: one axis of resized images.
//
//   input     [outer, source, inner]
//   output    [outer, target, inner]
//   indices, weights [taps, target]
kernel void resample_axis(global element *restrict output, global const element *restrict input,
                          global const int *restrict indices, global const float *restrict weights,
                          int outer, int source, int target, int inner, int taps) {
  const int element_index = get_global_id(0), cell = element_index / inner;
  if (cell >= target) return;
  const int column = element_index % inner;
  for (int plane = get_global_id(1); plane < outer; plane += get_global_size(1)) {
    global const element *from = input + (size_t)plane * source * inner + column;
    float sum = 0.0f;
    for (int k = 0; k < taps; k++)
      sum = fma(
          weights[k * target + cell], load(from + (size_t)indices[k * target + cell] * inner), sum);
    store(output + (size_t)plane * target * inner + element_index, sum);
  }
}

// patches[b, n, (c, y, x)] = images[b, c, top + y, left + x], zeros outside the image.
//
//   images    [B, C, size, size] or [B, size size, C]: channels are channel_stride elements apart,
//             pixels pixel_stride
//   patches   [B, grid grid, C side side]; rows = B grid grid
//   side, stride, padding  of the patches, in pixels
#if WG == 1

// One work-item per patch, which it copies line by line.
__attribute__((reqd_work_group_size(1, 1, 1))) kernel void unfold_patches(
    global element *restrict patches, global const element *restrict images, int rows, int channels,
    int size, int grid, int side, int stride, int padding, int channel_stride, int pixel_stride) {
  const int row = get_global_id(0);
  if (row >= rows) return;
  const int image = row / (grid * grid), cell = row % (grid * grid);
  const int top = cell / grid * stride - padding, left = cell % grid * stride - padding;
  const int first = clamp(-left, 0, side), end = clamp(size - left, first, side);
  for (int channel = 0; channel < channels; channel++) {
    global const element *restrict plane =
        images + (size_t)image * channels * size * size + (size_t)channel * channel_stride;
    for (int line = 0; line < side; line++) {
      const int y = top + line, inside = y >= 0 && y < size;
      global element *restrict to =
          patches + (((size_t)row * channels + channel) * side + line) * side;
      for (int x = 0; x < side; x++)
        if (!inside || x < first || x >= end) to[x] = 0;
      if (!inside) continue;
      if (pixel_stride == 1) {
        for (int x = first; x < end; x++) to[x] = plane[(size_t)y * size + left + x];
      } else {
        for (int x = first; x < end; x++)
          to[x] = plane[((size_t)y * size + left + x) * pixel_stride];
      }
    }
  }
}

#else

kernel void unfold_patches(global element *restrict patches, global const element *restrict images,
                           int rows, int channels, int size, int grid, int side, int stride,
                           int padding, int channel_stride, int pixel_stride) {
  const int column = get_global_id(0), columns = channels * side * side;
  if (column >= columns) return;
  const int channel = column / (side * side), pixel = column % (side * side);
  for (int row = get_global_id(1); row < rows; row += get_global_size(1)) {
    const int image = row / (grid * grid), cell = row % (grid * grid);
    const int y = cell / grid * stride - padding + pixel / side;
    const int x = cell % grid * stride - padding + pixel % side;
    const int inside = y >= 0 && y < size && x >= 0 && x < size;
    const size_t source = (size_t)image * channels * size * size +
                          (size_t)channel * channel_stride + (size_t)(y * size + x) * pixel_stride;
    patches[(size_t)row * columns + column] = inside ? images[source] : 0;
  }
}

#endif

// embedded[b, t] = prefix[t] + positions[t] for t < P = prefix_count, else tokens[b, t - P] +
// positions[t]. embedded is [batch, count, width], tokens [batch, count - P, width], prefix
// [P, width] or null, positions [count, width].
kernel void embed_tokens(global element *restrict embedded, global const element *restrict tokens,
                         global const element *restrict prefix,
                         global const element *restrict positions, int batch, int count,
                         int prefix_count, int width) {
  const int column = get_global_id(0);
  if (column >= width) return;
  for (int image = get_global_id(2); image < batch; image += get_global_size(2))
    for (int token = get_global_id(1); token < count; token += get_global_size(1)) {
      const size_t patch = (size_t)image * (count - prefix_count) + token - prefix_count;
      const float value = token < prefix_count ? load(&prefix[(size_t)token * width + column])
                                               : load(&tokens[patch * width + column]);
      store(embedded + ((size_t)image * count + token) * width + column,
            value + load(positions + (size_t)token * width + column));
    }
}

// pooled[b] = the rows x[b, t] of t < first, and after them, if averaged_from < count, the average
// of the rows t >= averaged_from. x is [batch, count, width].
kernel void pool_tokens(global element *restrict pooled, global const element *restrict x,
                        int batch, int count, int width, int first, int averaged_from) {
  const int column = get_global_id(0), copied = first * width;
  const int columns = copied + (averaged_from < count ? width : 0);
  if (column >= columns) return;
  for (int image = get_global_id(1); image < batch; image += get_global_size(1)) {
    global const element *tokens = x + (size_t)image * count * width;
    float value = 0.0f;
    if (column < copied) {
      value = load(&tokens[column]);
    } else {
      for (int token = averaged_from; token < count; token++)
        value += load(&tokens[(size_t)token * width + column - copied]);
      value /= count - averaged_from;
    }
    store(pooled + (size_t)image * columns + column, value);
  }
}

// output[kept + r, :] = input[indices[r], first ..< first + width], or input[r, ...] if `indices`
// is null. output is [kept + rows, width], and its first `kept` rows are not written; rows of the
// input are `stride` elements apart. Both may be the same buffer, as long as no written element is
// read.
kernel void copy_rows(global element *restrict output, global const element *restrict input,
                      global const int *restrict indices, int rows, int width, int stride,
                      int first, int kept) {
  const int column = get_global_id(0);
  if (column >= width) return;
  for (int row = get_global_id(1); row < rows; row += get_global_size(1)) {
    const int source = indices ? indices[row] : row;
    output[((size_t)kept + row) * width + column] = input[(size_t)source * stride + first + column];
  }
}

// padded [rows, pitch] = matrix [rows, columns], zeros beyond. One work-item per column of `padded`
// along dimension 0; along dimension 1 each strides over rows.
kernel void pad_rows(global element *restrict padded, global const element *restrict matrix,
                     int rows, int columns, int pitch) {
  const int k = get_global_id(0);
  if (k >= pitch) return;
  for (int r = get_global_id(1); r < rows; r += get_global_size(1))
    padded[(size_t)r * pitch + k] = k < columns ? matrix[(size_t)r * columns + k] : (element)0;
}
