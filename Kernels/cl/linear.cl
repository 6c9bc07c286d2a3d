// linear.cl: what follows a matrix product, in place.
//
//   y, residual  [rows, columns]   bias  [bias_count]
//
//   y[r, c] = activation(y[r, c] + bias) + residual[r, c]
//
// The bias belongs to the column in a linear map, and to row r % bias_count in a 1x1 convolution
// whose channels are rows. `bias` and `residual` may be null; `activation` is 0 (identity) or
// 1 (GELU). One work-item per column and row; along the rows a work-item may stride over several.
// CPU reference: Sources/DVTReference/ReferenceBackend+Linear.swift

kernel void linear_epilogue(global float *restrict y, global const float *restrict bias,
                            global const float *restrict residual, int rows, int columns,
                            int bias_count, int bias_by_row, int activation) {
  const int column = get_global_id(0);
  if (column >= columns) return;
  for (int row = get_global_id(1); row < rows; row += get_global_size(1)) {
    const size_t index = (size_t)row * columns + column;
    float value = y[index];
    if (bias) value += bias[bias_by_row ? row % bias_count : column];
    if (activation == 1) value = gelu_erf(value);
    if (residual) value += residual[index];
    y[index] = value;
  }
}
