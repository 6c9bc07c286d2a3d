// linear.cl: bias, activation and residual after a matrix product, in place.
//
//   y, residual  [rows, columns]    residual may be null
//   bias         [columns]          may be null
//   activation   0 identity, 1 GELU (erf), 2 GELU (tanh)
//
//   y[r, c] = activation(y[r, c] + bias[c]) + residual[r, c]
//
// With WG = 1, one work-item per row, in float16 vectors. Otherwise one per column along dimension
// 0; along dimension 1 each may stride over rows.
// CPU reference: Sources/DVTReference/Operations/ReferenceBackend+Linear.swift

#if WG == 1

__attribute__((reqd_work_group_size(1, 1, 1))) kernel void linear_epilogue(
    global float *restrict y, global const float *restrict bias,
    global const float *restrict residual, int rows, int columns, int activation) {
  const int row = get_global_id(0);
  if (row >= rows) return;
  y += (size_t)row * columns;
  if (residual) residual += (size_t)row * columns;
  for (int c = 0; c < columns; c += 16) {
    const int count = min(columns - c, 16);  // a shorter rest goes through a copy
    float rest[16];
    float16 v;
    if (count == 16) {
      v = vload16(0, y + c);
      if (bias) v += vload16(0, bias + c);
    } else {
      for (int k = 0; k < 16; k++)
        rest[k] = k < count ? y[c + k] + (bias ? bias[c + k] : 0.0f) : 0.0f;
      v = vload16(0, rest);
    }
    v = activated16(v, activation);
    if (count == 16) {
      if (residual) v += vload16(0, residual + c);
      vstore16(v, 0, y + c);
    } else {
      vstore16(v, 0, rest);
      for (int k = 0; k < count; k++) y[c + k] = rest[k] + (residual ? residual[c + k] : 0.0f);
    }
  }
}

#else

kernel void linear_epilogue(global float *restrict y, global const float *restrict bias,
                            global const float *restrict residual, int rows, int columns,
                            int activation) {
  const int column = get_global_id(0);
  if (column >= columns) return;
  for (int row = get_global_id(1); row < rows; row += get_global_size(1)) {
    const size_t index = (size_t)row * columns + column;
    float value = y[index];
    if (bias) value += bias[column];
    y[index] = activated(value, activation) + (residual ? residual[index] : 0.0f);
  }
}

#endif
