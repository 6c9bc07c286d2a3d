// softmax_gradient.cl: the softmax of attention and its backward pass, between products by
// product_mma.cl. Formulas: attention_gradient_vector.cl.
//
//   logits   [B, K, Q, L]   A, kept by the forward pass: head h in channel kept_channel + h;
//                           K = kept_channels, L = kept_pitch
//   dlogits  [B, K, Q, T]   the gradient of A from later stages, in the same channels, or null
//   weights  [B, H, Q, P]   receives softmax(A), zeros from T to P = pitch
//   changes  [B, H, Q, P]   holds dP and receives dA, zeros from T on
//
// One work-group of WG work-items per row.
// CPU reference: Sources/DVTReference/Gradients/ReferenceBackend+AttentionGradients.swift

#if WG > 1

__attribute__((reqd_work_group_size(WG, 1, 1))) kernel void softmax_gradient(
    global element *restrict weights, global element *restrict changes,
    global const element *restrict logits, global const element *restrict dlogits, int tokens,
    int attending, int heads, int kept_channels, int kept_channel, int kept_pitch, int pitch) {
  local float scratch[WG];
  const int item = get_local_id(0), row = get_group_id(0), query = row % attending;
  const int plane = row / attending, image = plane / heads, head = plane % heads;
  const size_t kept = ((size_t)image * kept_channels + kept_channel + head) * attending + query;
  logits += kept * kept_pitch;
  if (dlogits) dlogits += kept * tokens;
  weights += (size_t)row * pitch;
  changes += (size_t)row * pitch;

  float largest = -INFINITY;
  for (int j = item; j < tokens; j += WG) largest = fmax(largest, load(logits + j));
  largest = group_max(scratch, largest);
  float mass = 0.0f, sum = 0.0f;
  for (int j = item; j < tokens; j += WG) {
    const float e = exp(load(logits + j) - largest);
    mass += e;
    sum = fma(e, load(changes + j), sum);
  }
  mass = group_sum(scratch, mass);
  const float mean = group_sum(scratch, sum) / mass;
  for (int j = item; j < pitch; j += WG) {
    const int inside = j < tokens;
    const float weight = inside ? exp(load(logits + j) - largest) / mass : 0.0f;
    const float added = inside && dlogits ? load(dlogits + j) : 0.0f;
    store(weights + j, weight);
    store(changes + j, inside ? fma(weight, load(changes + j) - mean, added) : 0.0f);
  }
}

#endif
