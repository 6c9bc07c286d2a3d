// linear_packed.cl: a linear layer in one kernel, for devices that run one work-item with wide
// vectors (CPUs).
//
//   x            [M, G K]      rows M, inputs K, groups G (usually 1)
//   y, residual  [M, G N]      outputs N; residual may be null
//   weight       [G N, K]      packed once into
//   packed       [G, ceil(N / PANEL), K, PANEL], zeros past a group's last output
//   bias         [G N]         may be null
//   activation   0 identity, 1 GELU (erf), 2 GELU (tanh)
//
//   y[m, g n] = activation(sum_k x[m, g k] weight[g n, k] + bias[g n]) + residual[m, g n]
//
// linear_packed: one work-item per work-group computes ROWS x PANEL outputs. The sums (ROWS x
// VECTORS float16 vectors), one vector of x and VECTORS vectors of the panel should fit the
// registers. Each step along K reads one number per row and PANEL neighboring weights. Bias,
// activation and residual are applied before the result is stored. Global size (ceil(M / ROWS),
// ceil(N / PANEL), G).
// CPU reference: Sources/DVTReference/Operations/ReferenceBackend+Linear.swift
// Scheme: Goto and van de Geijn, Anatomy of High-Performance Matrix Multiplication, ACM TOMS 34(3),
// 2008; at these sizes a panel stays in the cache without further blocking.

#ifndef ROWS
#define ROWS 12  // rows of a work-item
#endif
#ifndef VECTORS
#define VECTORS 2  // vectors of 16 outputs in a panel
#endif
#define PANEL (16 * VECTORS)
// TRANSPOSED: x is [K, M] and G is 1, as a weight's gradient needs.
#ifdef TRANSPOSED
#define ROW_PITCH 1
#define COLUMN_PITCH (size_t) rows
#else
#define ROW_PITCH inputs
#define COLUMN_PITCH 1
#endif

// Packs weight [groups outputs, inputs] into `packed`; `panels` counts those of all groups. One
// work-item per column of a panel along dimension 0; along dimensions 1 (K) and 2 (panels) each may
// stride over several.
kernel void pack_panels(global float *restrict packed, global const float *restrict weight,
                        int inputs, int outputs, int panels, int groups) {
  const int column = get_global_id(0), group_panels = panels / groups;
  if (column >= PANEL) return;
  for (int panel = get_global_id(2); panel < panels; panel += get_global_size(2)) {
    const int group = panel / group_panels, output = panel % group_panels * PANEL + column;
    const size_t row = (size_t)group * outputs + output;
    for (int k = get_global_id(1); k < inputs; k += get_global_size(1))
      packed[((size_t)panel * inputs + k) * PANEL + column] =
          output < outputs ? weight[row * inputs + k] : 0.0f;
  }
}

// Packs a matrix stored as rows [inputs, outputs] (K-major): the weight for an input gradient, or
// the layer's input for a weight gradient. One work-item per PACK_CHUNK rows (dimension 0) and
// panel (dimension 1).
#ifndef PACK_CHUNK
#define PACK_CHUNK 64
#endif
__attribute__((reqd_work_group_size(1, 1, 1))) kernel void pack_rows(
    global float *restrict packed, global const float *restrict rows, int inputs, int outputs) {
  const int panel = get_global_id(1), first = panel * PANEL, count = outputs - first;
  const int begin = get_global_id(0) * PACK_CHUNK, end = min(begin + PACK_CHUNK, inputs);
  global float *restrict to = packed + (size_t)panel * inputs * PANEL;
  for (int k = begin; k < end; k++) {
    global const float *restrict from = rows + (size_t)k * outputs + first;
    if (count >= PANEL) {
#pragma unroll
      for (int p = 0; p < VECTORS; p++) vstore16(vload16(p, from), p, to + (size_t)k * PANEL);
    } else {
      for (int c = 0; c < PANEL; c++) to[(size_t)k * PANEL + c] = c < count ? from[c] : 0.0f;
    }
  }
}

// Applies bias, activation and residual to up to 16 neighboring outputs of one row and stores them.
static inline void store_outputs(global float *restrict y, float16 v,
                                 global const float *restrict bias,
                                 global const float *restrict residual, int count, int activation) {
  if (count >= 16) {
    if (bias) v += vload16(0, bias);
    v = activated16(v, activation);
    if (residual) v += vload16(0, residual);
    vstore16(v, 0, y);
  } else {
    float rest[16];
    for (int k = 0; k < 16; k++) rest[k] = bias && k < count ? bias[k] : 0.0f;
    vstore16(activated16(v + vload16(0, rest), activation), 0, rest);
    for (int k = 0; k < count; k++) y[k] = rest[k] + (residual ? residual[k] : 0.0f);
  }
}

__attribute__((reqd_work_group_size(1, 1, 1))) kernel void linear_packed(
    global float *restrict y, global const float *restrict x, global const float *restrict packed,
    global const float *restrict bias, global const float *restrict residual, int rows, int inputs,
    int outputs, int activation) {
  const int first = get_group_id(0) * ROWS, panel = get_group_id(1);
  const int group = get_group_id(2), groups = get_num_groups(2);
  global const float *restrict w =
      packed + ((size_t)group * get_num_groups(1) + panel) * inputs * PANEL;
  global const float *restrict row[ROWS];  // rows past the end repeat the last and are not stored
#pragma unroll
  for (int r = 0; r < ROWS; r++)
    row[r] = x + ((size_t)min(first + r, rows - 1) * groups + group) * ROW_PITCH;

  float16 sum[ROWS][VECTORS];
#pragma unroll
  for (int r = 0; r < ROWS; r++)
#pragma unroll
    for (int p = 0; p < VECTORS; p++) sum[r][p] = 0.0f;
  for (int k = 0; k < inputs; k++) {
    float16 v[VECTORS];
#pragma unroll
    for (int p = 0; p < VECTORS; p++) v[p] = vload16(p, w + (size_t)k * PANEL);
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
      const float16 value = (float16)(row[r][k * COLUMN_PITCH]);
#pragma unroll
      for (int p = 0; p < VECTORS; p++) sum[r][p] = fma(value, v[p], sum[r][p]);
    }
  }
#pragma unroll
  for (int r = 0; r < ROWS; r++) {
    if (first + r >= rows) continue;
#pragma unroll
    for (int p = 0; p < VECTORS; p++) {
      const int column = panel * PANEL + 16 * p;
      const size_t index = ((size_t)(first + r) * groups + group) * outputs + column;
      if (column < outputs)
        store_outputs(y + index, sum[r][p], bias ? bias + group * outputs + column : 0,
                      residual ? residual + index : 0, outputs - column, activation);
    }
  }
}
