// token_gradients.cl: backward passes of the copies in tokens.cl, and transposition.
//
// One work-item per element of the output; dimension 0 runs along its rows, and along the others
// each may stride over several, because devices limit the number of groups there.
// CPU reference: Sources/DVTReference/Gradients/ReferenceBackend+TokenGradients.swift

// y[b, c, r] = x[b, r, c]; x is [batch, rows, columns].
kernel void transpose_matrices(global element *restrict y, global const element *restrict x,
                               int batch, int rows, int columns) {
  const int row = get_global_id(0);
  if (row >= rows) return;
  for (int matrix = get_global_id(2); matrix < batch; matrix += get_global_size(2)) {
    const size_t start = (size_t)matrix * rows * columns;
    for (int column = get_global_id(1); column < columns; column += get_global_size(1))
      y[start + (size_t)column * rows + row] = x[start + (size_t)row * columns + column];
  }
}

// dx[r, c] = dy[r, c - first] for first <= c < first + count, else 0. dx is [rows, width], dy
// [rows, count].
kernel void spread_columns(global element *restrict dx, global const element *restrict dy, int rows,
                           int count, int first, int width) {
  const int column = get_global_id(0);
  if (column >= width) return;
  const int inside = column >= first && column < first + count;
  for (int row = get_global_id(1); row < rows; row += get_global_size(1))
    dx[(size_t)row * width + column] =
        inside ? dy[(size_t)row * count + column - first] : (element)0;
}

// dx[b, t, c] = the gradient of pool_tokens: dy's row t if t < first, plus a share of its last row
// if t >= averaged_from. dx is [batch, count, width].
kernel void pool_gradient(global element *restrict dx, global const element *restrict dy, int batch,
                          int count, int width, int first, int averaged_from) {
  const int column = get_global_id(0), rows = first + (averaged_from < count ? 1 : 0);
  if (column >= width) return;
  for (int image = get_global_id(2); image < batch; image += get_global_size(2))
    for (int token = get_global_id(1); token < count; token += get_global_size(1)) {
      global const element *own = dy + (size_t)image * rows * width + column;
      float value = token < first ? load(&own[(size_t)token * width]) : 0.0f;
      if (token >= averaged_from)
        value += load(&own[(size_t)first * width]) / (count - averaged_from);
      store(dx + ((size_t)image * count + token) * width + column, value);
    }
}

// dx[b] = the sum of dy[r] over the rows r with indices[r] = b. dx is [batch, width], dy
// [rows, width].
kernel void gather_gradient(global element *restrict dx, global const element *restrict dy,
                            global const int *restrict indices, int batch, int rows, int width) {
  const int column = get_global_id(0);
  if (column >= width) return;
  for (int image = get_global_id(1); image < batch; image += get_global_size(1)) {
    float sum = 0.0f;
    for (int row = 0; row < rows; row++)
      if (indices[row] == image) sum += load(dy + (size_t)row * width + column);
    store(dx + (size_t)image * width + column, sum);
  }
}

// dx[b, c, y, x] = the sum over the patches n that contain the pixel of patches[b, n, (c, i, j)],
// the gradient of unfold_patches. Arguments as there.
kernel void fold_patches(global element *restrict dx, global const element *restrict patches,
                         int batch, int channels, int size, int grid, int side, int stride,
                         int padding, int channel_stride, int pixel_stride) {
  const int pixel = get_global_id(0);
  if (pixel >= size * size) return;
  const int y = pixel / size + padding, x = pixel % size + padding;
  // The patches that start at most `side` - 1 before the pixel.
  const int top = max((y - side + stride) / stride, 0), bottom = min(y / stride, grid - 1);
  const int left = max((x - side + stride) / stride, 0), right = min(x / stride, grid - 1);
  const int columns = channels * side * side;
  for (int image = get_global_id(2); image < batch; image += get_global_size(2))
    for (int channel = get_global_id(1); channel < channels; channel += get_global_size(1)) {
      float sum = 0.0f;
      for (int row = top; row <= bottom; row++)
        for (int column = left; column <= right; column++) {
          const int within = (y - row * stride) * side + x - column * stride;
          const size_t patch = ((size_t)image * grid + row) * grid + column;
          sum += load(patches + patch * columns + channel * side * side + within);
        }
      store(dx + (size_t)image * channels * size * size + (size_t)channel * channel_stride +
                (size_t)pixel * pixel_stride,
            sum);
    }
}
