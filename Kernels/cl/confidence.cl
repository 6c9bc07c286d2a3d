// confidence.cl: the likeliest class of every image, its softmax probability, and how sure of it
// an exit is.
//
//   logits  [B, classes]
//   result  [B] of (class, bits of the float32 probability), or with their score [B, 3]
//
//   probability = exp(largest - largest) / sum_c exp(logits[c] - largest); of equal logits the
//   first class wins, and a NaN among the logits makes the probability NaN
//   score, of q = softmax(logits / temperature): 0 the largest q; 1 that less the second largest;
//   2 the entropy's 1 + sum_c q ln q / ln classes
//
// One work-group of WG work-items per image; WG is a power of two above 1.
// CPU reference: Sources/DVTReference/ReferenceBackend+Confidence.swift

#if WG > 1

// The largest logit, which every work-item returns, and its class. `values` and `indices` are free
// again afterward.
static inline float largest_logit(global const float *restrict logits, int classes,
                                  local float *restrict values, local int *restrict indices,
                                  int *restrict winner) {
  const int item = get_local_id(0);
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
  *winner = indices[0];
  barrier(CLK_LOCAL_MEM_FENCE);
  return largest;
}

__attribute__((reqd_work_group_size(WG, 1, 1))) kernel void softmax_confidence(
    global int2 *restrict result, global const float *restrict logits, int classes) {
  local float values[WG];
  local int indices[WG];
  const int item = get_local_id(0);
  const size_t image = get_group_id(0);
  logits += image * classes;
  int winner;
  const float largest = largest_logit(logits, classes, values, indices, &winner);

  float sum = 0.0f;
  for (int c = item; c < classes; c += WG) sum += exp(logits[c] - largest);
  sum = group_sum(values, sum);
  if (item == 0) result[image] = (int2)(winner, as_int(1.0f / sum));
}

__attribute__((reqd_work_group_size(WG, 1, 1))) kernel void softmax_score(
    global int *restrict result, global const float *restrict logits, int classes, int criterion,
    float temperature) {
  local float values[WG];
  local int indices[WG];
  const int item = get_local_id(0);
  const size_t image = get_group_id(0);
  logits += image * classes;
  int winner;
  const float largest = largest_logit(logits, classes, values, indices, &winner);

  // Of the logits' offsets from the largest: exp, the same scaled, that times its exponent.
  float sum = 0.0f, scaled_sum = 0.0f, product_sum = 0.0f, second = -INFINITY;
  for (int c = item; c < classes; c += WG) {
    const float offset = logits[c] - largest, scaled = offset / temperature;
    const float weight = exp(scaled);
    sum += exp(offset);
    scaled_sum += weight;
    // A logit of minus infinity has no part in the entropy.
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
    // ln q = scaled - ln scaled_sum, and the q add up to 1.
    const float negative_entropy = product_sum / scaled_sum - log(scaled_sum);
    score = classes > 1 ? clamp(1.0f + negative_entropy / log((float)classes), 0.0f, 1.0f) : 1.0f;
  }
  global int *const own = result + 3 * image;
  own[0] = winner;
  own[1] = as_int(1.0f / sum);
  own[2] = as_int(score);
}

#endif
