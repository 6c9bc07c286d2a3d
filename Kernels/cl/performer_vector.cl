// performer_vector.cl: Performer attention, for devices that run one work-item with wide vectors
// (CPUs). Formulas: performer.cl.
//
//   kqv      [B, T, 3 E]       tokens T, width E = WIDTH, a multiple of 16; k, then q, then v
//   packed   [M / PANEL, E, PANEL]  the random features, by pack_panels of linear_packed.cl;
//                              M = m rounded up to PANEL, m = features
//   partial  [B, P, m, E + 1]  sums over P chunks of SUM_CHUNK tokens: phi(k) v^T, and phi(k) last
//   sums     [B, m, E + 1]     the sums of `partial`, by sum_chunks of column_sums.cl
//   output   [B, T, E]
//   phi      local memory: [SUM_CHUNK, M]
//
// One work-item per work-group takes SUM_CHUNK tokens of one image, global size (P, B). It computes
// their random features into `phi`, with ROWS tokens by a panel in registers. The products with the
// values and with the sums keep SUMS rows of E in registers.
// CPU reference: Sources/DVTReference/Operations/ReferenceBackend+TokensToToken.swift
// Paper: Choromanski et al., Rethinking Attention with Performers, arXiv:2009.14794

#ifndef SUM_CHUNK
#define SUM_CHUNK 64  // tokens of a work-item
#endif
#ifndef ROWS
#define ROWS 12  // tokens whose features are computed together
#endif
#ifndef VECTORS
#define VECTORS 2  // vectors of 16 features in a panel
#endif
#ifndef WIDTH
#define WIDTH 64  // E
#endif
#define PANEL (16 * VECTORS)
#define PARTS (WIDTH / 16)
#define SUMS (ROWS * VECTORS / PARTS > 0 ? ROWS * VECTORS / PARTS : 1)

// phi[t, i] of `count` tokens, whose keys or queries start at z and are `stride` apart.
static inline void random_features(local float *restrict phi, global const element *restrict z,
                                   size_t stride, int count, global const element *restrict packed,
                                   int features) {
  const int panels = (features + PANEL - 1) / PANEL;
  const float factor = 1.0f / sqrt((float)features);
  for (int first = 0; first < count; first += ROWS) {
    float half_square[ROWS];
    for (int r = 0; r < ROWS; r++) {
      global const element *restrict row = z + min(first + r, count - 1) * stride;
      float16 square = 0.0f;
      for (int p = 0; p < PARTS; p++)
        square = fma(load16(row + 16 * p), load16(row + 16 * p), square);
      half_square[r] = 0.5f * sum16(square);
    }
    for (int panel = 0; panel < panels; panel++) {
      global const element *restrict w = packed + (size_t)panel * WIDTH * PANEL;
      float16 sum[ROWS][VECTORS];
#pragma unroll
      for (int r = 0; r < ROWS; r++)
#pragma unroll
        for (int p = 0; p < VECTORS; p++) sum[r][p] = 0.0f;
      for (int e = 0; e < WIDTH; e++) {
        float16 v[VECTORS];
#pragma unroll
        for (int p = 0; p < VECTORS; p++) v[p] = load16(w + e * PANEL + 16 * p);
#pragma unroll
        for (int r = 0; r < ROWS; r++) {
          const float16 value = (float16)(load(z + min(first + r, count - 1) * stride + e));
#pragma unroll
          for (int p = 0; p < VECTORS; p++) sum[r][p] = fma(value, v[p], sum[r][p]);
        }
      }
#pragma unroll
      for (int r = 0; r < ROWS; r++) {
        if (first + r >= count) continue;
#pragma unroll
        for (int p = 0; p < VECTORS; p++)
          vstore16(exp16(sum[r][p] - half_square[r]) * factor, p,
                   phi + ((first + r) * panels + panel) * PANEL);
      }
    }
  }
}

__attribute__((reqd_work_group_size(1, 1, 1))) kernel void performer_partial_sums(
    global float *restrict partial, global const element *restrict kqv,
    global const element *restrict packed, local float *restrict phi, int tokens, int features) {
  const int start = get_group_id(0) * SUM_CHUNK, image = get_group_id(1);
  const int count = min(tokens - start, SUM_CHUNK);
  const int pitch = (features + PANEL - 1) / PANEL * PANEL;
  const size_t stride = 3 * WIDTH;
  global const element *restrict k = kqv + ((size_t)image * tokens + start) * stride;
  global const element *restrict v = k + 2 * WIDTH;
  random_features(phi, k, stride, count, packed, features);

  partial += ((size_t)image * get_num_groups(0) + get_group_id(0)) * features * (WIDTH + 1);
  for (int first = 0; first < features; first += SUMS) {
    float16 sum[SUMS][PARTS];
    float mass[SUMS];
#pragma unroll
    for (int i = 0; i < SUMS; i++) {
      mass[i] = 0.0f;
#pragma unroll
      for (int p = 0; p < PARTS; p++) sum[i][p] = 0.0f;
    }
    for (int t = 0; t < count; t++) {
      float16 value[PARTS];
#pragma unroll
      for (int p = 0; p < PARTS; p++) value[p] = load16(v + t * stride + 16 * p);
#pragma unroll
      for (int i = 0; i < SUMS; i++) {
        const float weight = phi[t * pitch + min(first + i, features - 1)];
        mass[i] += weight;
#pragma unroll
        for (int p = 0; p < PARTS; p++) sum[i][p] = fma((float16)(weight), value[p], sum[i][p]);
      }
    }
#pragma unroll
    for (int i = 0; i < SUMS; i++) {
      if (first + i >= features) continue;
      global float *restrict row = partial + (first + i) * (WIDTH + 1);
#pragma unroll
      for (int p = 0; p < PARTS; p++) vstore16(sum[i][p], p, row);
      row[WIDTH] = mass[i];
    }
  }
}

__attribute__((reqd_work_group_size(1, 1, 1))) kernel void performer_attend(
    global element *restrict output, global const element *restrict kqv,
    global const element *restrict packed, global const float *restrict sums,
    local float *restrict phi, int tokens, int features) {
  const int start = get_group_id(0) * SUM_CHUNK, image = get_group_id(1);
  const int count = min(tokens - start, SUM_CHUNK);
  const int pitch = (features + PANEL - 1) / PANEL * PANEL;
  const size_t stride = 3 * WIDTH, row = (size_t)image * tokens + start;
  random_features(phi, kqv + row * stride + WIDTH, stride, count, packed, features);

  sums += (size_t)image * features * (WIDTH + 1);
  for (int first = 0; first < count; first += SUMS) {
    float16 sum[SUMS][PARTS];
    float mass[SUMS];
#pragma unroll
    for (int t = 0; t < SUMS; t++) {
      mass[t] = 1e-8f;
#pragma unroll
      for (int p = 0; p < PARTS; p++) sum[t][p] = 0.0f;
    }
    for (int i = 0; i < features; i++) {
      float16 value[PARTS];
#pragma unroll
      for (int p = 0; p < PARTS; p++) value[p] = vload16(p, sums + i * (WIDTH + 1));
      const float last = sums[i * (WIDTH + 1) + WIDTH];
#pragma unroll
      for (int t = 0; t < SUMS; t++) {
        const float weight = phi[min(first + t, count - 1) * pitch + i];
        mass[t] = fma(weight, last, mass[t]);
#pragma unroll
        for (int p = 0; p < PARTS; p++) sum[t][p] = fma((float16)(weight), value[p], sum[t][p]);
      }
    }
#pragma unroll
    for (int t = 0; t < SUMS; t++) {
      if (first + t >= count) continue;
#pragma unroll
      for (int p = 0; p < PARTS; p++)
        store16(output + (row + first + t) * WIDTH + 16 * p, sum[t][p] / mass[t]);
    }
  }
}
