// stacking.cl: copies a linear layer into a stack of layers, folding in the LayerNorm before it.
//
//   weight          [outputs, inputs]   bias            [outputs], or null for zeros
//   scale, shift    [inputs]            of the LayerNorm, or null for none
//   stacked_weight  [rows, inputs]      stacked_bias    [rows], written from row `first` on
//   column_sums     [rows], or null     sums of the rounded elements of stacked_weight
//
//   stacked_weight[first + o, i] = weight[o, i] * scale[i]
//   stacked_bias[first + o]      = bias[o] + sum_i weight[o, i] * shift[i]
//
// One work-item per output. It runs when a model is built, so it is written for accuracy: the sum
// is compensated.
// Reference for the sum: Kahan, Pracniques: Further Remarks on Reducing Truncation Errors, 1965.

kernel void stack_layer(global element *restrict stacked_weight,
                        global float *restrict stacked_bias, global const element *restrict weight,
                        global const float *restrict bias, global const float *restrict scale,
                        global const float *restrict shift, global float *restrict column_sums,
                        int outputs, int inputs, int first) {
  const int output = get_global_id(0);
  if (output >= outputs) return;
  weight += (size_t)output * inputs;
  stacked_weight += (size_t)(first + output) * inputs;
  float sum = bias ? bias[output] : 0.0f;
  float lost = 0.0f, column_sum = 0.0f;
  for (int i = 0; i < inputs; i++) {
    const float value = load(weight + i);
    store(stacked_weight + i, scale ? value * scale[i] : value);
    if (column_sums) column_sum += load(stacked_weight + i);
    if (shift) {
      const float term = value * shift[i] - lost;
      const float next = sum + term;
      lost = (next - sum) - term;
      sum = next;
    }
  }
  stacked_bias[first + output] = sum;
  if (column_sums) column_sums[first + output] = column_sum;
}
