// loss.cl: softmax cross-entropy against soft targets, and its gradient.
//
//   logits, gradient  [B, classes]    logits are float
//   targets           [B, classes]    float
//   losses            [B]             float
//   weight            factor of the gradient
//
//   losses[b] = sum_c targets[b, c] (log sum_k exp(logits[b, k]) - logits[b, c])
//   gradient[b, c] = weight (softmax(logits[b])[c] sum_k targets[b, k] - targets[b, c])
//
// One work-item per image, which is fast enough for the few classes.
// CPU reference: Sources/DVTReference/Gradients/ReferenceBackend+Training.swift

kernel void cross_entropy(global float *restrict losses, global element *restrict gradient,
                          global const float *restrict logits, global const float *restrict targets,
                          int batch, int classes, float weight) {
  const int image = get_global_id(0);
  if (image >= batch) return;
  logits += (size_t)image * classes;
  targets += (size_t)image * classes;
  gradient += (size_t)image * classes;
  float largest = logits[0];
  // fmax skips NaN; the sum propagates it.
  for (int c = 1; c < classes; c++) largest = fmax(largest, logits[c]);
  float sum = 0.0f, wanted = 0.0f;
  for (int c = 0; c < classes; c++) {
    sum += exp(logits[c] - largest);
    wanted += targets[c];
  }
  const float normalizer = log(sum);
  float loss = 0.0f;
  for (int c = 0; c < classes; c++) {
    const float shifted = logits[c] - largest;
    loss = fma(targets[c], normalizer - shifted, loss);
    store(gradient + c, weight * (exp(shifted) / sum * wanted - targets[c]));
  }
  losses[image] = loss;
}
