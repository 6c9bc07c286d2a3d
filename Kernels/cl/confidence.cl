// confidence.cl: the most probable class of every image, its softmax probability, and an exit's
// score.
//
//   logits     [B, classes]
//   result     [B, 2]: the class and the bits of the float32 probability; softmax_score: [B, 3],
//              the bits of the score last
//   criterion  0 confidence, 1 margin, 2 entropy
//
//   probability = 1 / sum_c exp(logits[c] - largest)
//   score, with q = softmax(logits / temperature):
//     confidence  max q
//     margin      max q - second largest q
//     entropy     1 + sum_c q ln q / ln classes
//
// Of equal logits the first class is chosen; a NaN among the logits makes the probability NaN.
//
// Work-groups: WG work-items per image, WG a power of two above 1; global size B WG.
// CPU reference: Sources/DVTReference/Operations/ReferenceBackend+Confidence.swift

#if WG > 1

// Returns the largest logit to every work-item, and its class in `winner`. `values` and `indices`
// have WG elements and may be reused on return.
static inline float largest_logit(global const element *restrict logits, int classes,
                                  local float *restrict values, local int *restrict indices,
                                  int *restrict winner) {
  const int item = get_local_id(0);
  float best = -INFINITY;
  int index = classes;
  for (int c = item; c < classes; c += WG)
    if (load(logits + c) > best || index == classes) {
      best = load(logits + c);
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
  *winner = indices[0];
  barrier(CLK_LOCAL_MEM_FENCE);
  return largest;
}

__attribute__((reqd_work_group_size(WG, 1, 1))) kernel void softmax_confidence(
    global int2 *restrict result, global const element *restrict logits, int classes) {
  local float values[WG];
  local int indices[WG];
  const int item = get_local_id(0);
  const size_t image = get_group_id(0);
  logits += image * classes;
  int winner;
  const float largest = largest_logit(logits, classes, values, indices, &winner);

  float sum = 0.0f;
  for (int c = item; c < classes; c += WG) sum += exp(load(logits + c) - largest);
  sum = group_sum(values, sum);
  if (item == 0) result[image] = (int2)(winner, as_int(1.0f / sum));
}

__attribute__((reqd_work_group_size(WG, 1, 1))) kernel void softmax_score(
    global int *restrict result, global const element *restrict logits, int classes, int criterion,
    float temperature) {
  local float values[WG];
  local int indices[WG];
  const int item = get_local_id(0);
  const size_t image = get_group_id(0);
  logits += image * classes;
  int winner;
  const float largest = largest_logit(logits, classes, values, indices, &winner);

  // For offset = logit - largest and scaled = offset / temperature: the sums of exp(offset),
  // exp(scaled) and exp(scaled) scaled.
  float sum = 0.0f, scaled_sum = 0.0f, product_sum = 0.0f, second = -INFINITY;
  for (int c = item; c < classes; c += WG) {
    const float offset = load(logits + c) - largest, scaled = offset / temperature;
    const float weight = exp(scaled);
    sum += exp(offset);
    scaled_sum += weight;
    // A logit of minus infinity contributes 0 to the entropy, not NaN.
    if (weight > 0.0f) product_sum += weight * scaled;
    if (c != winner) second = fmax(second, scaled);
  }
  sum = group_sum(values, sum);
  scaled_sum = group_sum(values, scaled_sum);
  product_sum = group_sum(values, product_sum);
  second = group_max(values, second);
  if (item > 0) return;

  float score = 1.0f / scaled_sum;
  if (criterion == 1) score *= -expm1(second);
  if (criterion == 2) {
    // ln q = scaled - ln scaled_sum, and q sums to 1.
    const float negative_entropy = product_sum / scaled_sum - log(scaled_sum);
    score = classes > 1 ? clamp(1.0f + negative_entropy / log((float)classes), 0.0f, 1.0f) : 1.0f;
  }
  global int *const own = result + 3 * image;
  own[0] = winner;
  own[1] = as_int(1.0f / sum);
  own[2] = as_int(score);
}

#endif
