// optimizer.cl: AdamW, and exponential moving averages of parameters, in place.
//
//   parameter, gradient, first, second, average, x  [count], float
//   copy                                            [count], the rounded parameter; may be null
//
//   g = scale gradient
//   first = b1 first + (1 - b1) g
//   second = b2 second + (1 - b2) g^2
//   parameter = parameter (1 - rate decay) - rate first / c1 / (sqrt(second / c2) + epsilon)
//   with the bias corrections c1 = 1 - b1^step and c2 = 1 - b2^step
//
// One work-item per element.
// CPU reference: Sources/DVTReference/Gradients/ReferenceBackend+Training.swift
// Paper: Loshchilov and Hutter, Decoupled Weight Decay Regularization, arXiv:1711.05101

kernel void adamw(global float *restrict parameter, global element *restrict copy,
                  global const float *restrict gradient, global float *restrict first,
                  global float *restrict second, int count, float rate, float b1, float b2,
                  float epsilon, float decay, float scale, float c1, float c2) {
  const int i = get_global_id(0);
  if (i >= count) return;
  const float g = scale * gradient[i];
  const float m = fma(b1, first[i], (1.0f - b1) * g);
  const float v = fma(b2, second[i], (1.0f - b2) * g * g);
  first[i] = m;
  second[i] = v;
  const float change = m / c1 / (sqrt(v / c2) + epsilon);
  const float changed = fma(-rate, change, parameter[i] * (1.0f - rate * decay));
  parameter[i] = changed;
  if (copy) store(copy + i, changed);
}

// average = decay average + (1 - decay) x
kernel void update_average(global float *restrict average, global const float *restrict x,
                           int count, float decay) {
  const int i = get_global_id(0);
  if (i < count) average[i] = fma(decay, average[i], (1.0f - decay) * x[i]);
}
