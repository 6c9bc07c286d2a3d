// linear_packed.cl: a linear layer in one kernel, for devices that run one work-item with wide
// vectors (CPUs).
//
//   x            [M, G K]      rows M, inputs K, groups G (usually 1)
//   y, residual  [M, G N]      outputs N; residual may be null
//   weight       [G N, K]      packed once into
//   packed       [G, ceil(N / PANEL), K, PANEL], zeros past a group's last output; with DOT
//                [G, ceil(N / PANEL), ceil(K / 2), PANEL, 2], zeros past an odd K
//   bias         [G N]         may be null
//   activation   0 identity, 1 GELU (erf), 2 GELU (tanh)
//
//   y[m, g n] = activation(sum_k x[m, g k] weight[g n, k] + bias[g n]) + residual[m, g n]
//
// linear_packed: one work-item per work-group computes ROWS x PANEL outputs. The sums (ROWS x
// VECTORS float16 vectors), one vector of x and VECTORS vectors of the panel should fit the
// registers. Each step along K reads one number per row and PANEL neighboring weights. Bias,
// activation and residual are applied before the result is stored. Global size (ceil(M / ROWS),
// ceil(N / PANEL), G). With DOT, bfloat16 elements are multiplied in pairs; see bfloat16_dot.cl.
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
#ifdef DOT
#include "bfloat16_dot.cl"
DEFINE_ADD_PRODUCT(add_product, global, global, ROWS, VECTORS)
#define PANEL_DEPTH(inputs) (((inputs) + 1) / 2 * 2)
#define PANEL_INDEX(k, column) (((k) / 2 * PANEL + (column)) * 2 + (k) % 2)
#else
#define PANEL_DEPTH(inputs) (inputs)
#define PANEL_INDEX(k, column) ((k)*PANEL + (column))
#endif
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
kernel void pack_panels(global element *restrict packed, global const element *restrict weight,
                        int inputs, int outputs, int panels, int groups) {
  const int column = get_global_id(0), group_panels = panels / groups;
  const int depth = PANEL_DEPTH(inputs);
  if (column >= PANEL) return;
  for (int panel = get_global_id(2); panel < panels; panel += get_global_size(2)) {
    const int group = panel / group_panels, output = panel % group_panels * PANEL + column;
    const size_t row = (size_t)group * outputs + output;
    for (int k = get_global_id(1); k < depth; k += get_global_size(1))
      packed[(size_t)panel * depth * PANEL + PANEL_INDEX(k, column)] =
          output < outputs && k < inputs ? weight[row * inputs + k] : 0;
  }
}

// Packs a matrix stored as rows [inputs, outputs] (K-major): the weight for an input gradient, or
// the layer's input for a weight gradient. One work-item per PACK_CHUNK rows (dimension 0) and
// panel (dimension 1).
#ifndef PACK_CHUNK
#define PACK_CHUNK 64
#endif
__attribute__((reqd_work_group_size(1, 1, 1))) kernel void pack_rows(
    global element *restrict packed, global const element *restrict rows, int inputs, int outputs) {
  const int panel = get_global_id(1), first = panel * PANEL, count = outputs - first;
  const int begin = get_global_id(0) * PACK_CHUNK, end = min(begin + PACK_CHUNK, inputs);
  global element *restrict to = packed + (size_t)panel * inputs * PANEL;
  for (int k = begin; k < end; k++) {
    global const element *restrict from = rows + (size_t)k * outputs + first;
    if (count >= PANEL) {
#pragma unroll
      for (int p = 0; p < VECTORS; p++) vstore16(vload16(p, from), p, to + (size_t)k * PANEL);
    } else {
      for (int c = 0; c < PANEL; c++) to[(size_t)k * PANEL + c] = c < count ? from[c] : 0;
    }
  }
}

// Applies bias, activation and residual to up to 16 neighboring outputs of one row and stores them.
static inline void store_outputs(
    global output_element *restrict y, float16 v, global const float *restrict bias,
    global const element *restrict residual, int count, int activation) {
  if (count >= 16) {
    if (bias) v += vload16(0, bias);
    v = activated16(v, activation);
    if (residual) v += load16(residual);
    store_output16(y, v);
  } else {
    float rest[16];
    for (int k = 0; k < 16; k++) rest[k] = bias && k < count ? bias[k] : 0.0f;
    vstore16(activated16(v + vload16(0, rest), activation), 0, rest);
    for (int k = 0; k < count; k++)
      store_output(y + k, rest[k] + (residual ? load(residual + k) : 0.0f));
  }
}

// sum[r] += value[r] w, one step along K.
static inline void add_step(float16 sum[ROWS][VECTORS], const float value[ROWS],
                            global const element *restrict w) {
  float16 v[VECTORS];
#pragma unroll
  for (int p = 0; p < VECTORS; p++) v[p] = load16(w + 16 * p);
#pragma unroll
  for (int r = 0; r < ROWS; r++)
#pragma unroll
    for (int p = 0; p < VECTORS; p++) sum[r][p] = fma((float16)(value[r]), v[p], sum[r][p]);
}

__attribute__((reqd_work_group_size(1, 1, 1))) kernel void linear_packed(
    global output_element *restrict y, global const element *restrict x,
    global const element *restrict packed, global const float *restrict bias,
    global const element *restrict residual, int rows, int inputs, int outputs, int activation) {
  const int first = get_group_id(0) * ROWS, panel = get_group_id(1);
  const int group = get_group_id(2), groups = get_num_groups(2);
  global const element *restrict w =
      packed + ((size_t)group * get_num_groups(1) + panel) * PANEL_DEPTH(inputs) * PANEL;

  float16 sum[ROWS][VECTORS];
#pragma unroll
  for (int r = 0; r < ROWS; r++)
#pragma unroll
    for (int p = 0; p < VECTORS; p++) sum[r][p] = 0.0f;
      // Rows past the end repeat the last and are not stored.
#ifdef DOT
  const size_t stride = (size_t)groups * inputs;
  add_product(sum[0], x + first * stride + (size_t)group * inputs, stride, rows - first,
              (global const uint *)w, PANEL, inputs);
#else
  global const element *restrict row[ROWS];
#pragma unroll
  for (int r = 0; r < ROWS; r++)
    row[r] = x + ((size_t)min(first + r, rows - 1) * groups + group) * ROW_PITCH;
  float value[ROWS];
#if ELEMENT_BITS == 32 || defined(TRANSPOSED)
  for (int k = 0; k < inputs; k++) {
#pragma unroll
    for (int r = 0; r < ROWS; r++) value[r] = load(row[r] + k * COLUMN_PITCH);
    add_step(sum, value, w + (size_t)k * PANEL);
  }
#else
  float block[ROWS][16];  // the next inputs, widened together
  for (int start = 0; start < inputs; start += 16) {
    const int count = min(inputs - start, 16);
    for (int r = 0; r < ROWS; r++) load_upto16(block[r], row[r] + start, count);
    for (int k = 0; k < count; k++) {
#pragma unroll
      for (int r = 0; r < ROWS; r++) value[r] = block[r][k];
      add_step(sum, value, w + (size_t)(start + k) * PANEL);
    }
  }
#endif
#endif
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
