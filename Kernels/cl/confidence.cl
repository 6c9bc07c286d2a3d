// confidence.cl: the likeliest class of every image and its softmax probability.
//
//   logits  [B, classes]   result  [B] of (class, bits of the float32 probability)
//
//   probability = exp(largest - largest) / sum_c exp(logits[c] - largest); of equal logits the
//   first class wins, and a NaN among the logits makes the probability NaN
//
// One work-group of WG work-items per image; WG is a power of two.
// CPU reference: Sources/DVTReference/ReferenceBackend+Confidence.swift

__attribute__((reqd_work_group_size(WG, 1, 1)))
kernel void softmax_confidence(global int2 *restrict result,
                               global const float *restrict logits, int classes) {
  local float values[WG];
  local int indices[WG];
  const int item = get_local_id(0);
  const size_t image = get_group_id(0);
  logits += image * classes;

  float best = -INFINITY;
  int index = classes;
  for (int c = item; c < classes; c += WG)
    if (logits[c] > best || index == classes) {
      best = logits[c];
      index = c;
    }
  values[item] = best;
  indices[item] = index;
  for (int half_count = WG / 2; half_count > 0; half_count /= 2) {
    barrier(CLK_LOCAL_MEM_FENCE);
    if (item < half_count) {
      const float other = values[item + half_count];
      const int other_index = indices[item + half_count];
      if (other > values[item] || (other == values[item] && other_index < indices[item])) {
        values[item] = other;
        indices[item] = other_index;
      }
    }
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  const float largest = values[0];
  const int winner = indices[0];
  barrier(CLK_LOCAL_MEM_FENCE);

  float sum = 0.0f;
  for (int c = item; c < classes; c += WG) sum += exp(logits[c] - largest);
  values[item] = sum;
  for (int half_count = WG / 2; half_count > 0; half_count /= 2) {
    barrier(CLK_LOCAL_MEM_FENCE);
    if (item < half_count) values[item] += values[item + half_count];
  }
  if (item == 0) result[image] = (int2)(winner, as_int(1.0f / values[0]));
}
