// peak.cl: a device's peak arithmetic, memory bandwidth and launch rate, for `dvt bench peak`.
//
//   sums      [work-items]          one result per work-item, which keeps the arithmetic from being
//                                   optimized away
//   to, from  [count]
//
// peak_fma: every work-item runs CHAINS independent vectors of WIDTH numbers through `steps` fused
// multiply-adds x = factor x + summand: 2 WIDTH CHAINS steps operations. Several chains hide the
// latency of a multiply-add. Chain c of work-item i starts at (i mod 64) + c / 64 + v / 1024 in its
// element v: the starts differ, so that compilers cannot merge chains. With |factor| < 1 the values
// stay near summand / (1 - factor).
// peak_dot: with DOT, the same with products of two pairs of bfloat16 numbers, 4 WIDTH CHAINS steps
// operations: x += 1.5 - 0.5. Element v of chain c starts at (i mod 64) + c + v.
// peak_copy: to[i] = from[i]; each work-item copies PART neighboring numbers.
// peak_empty: does nothing; measures the cost of a launch.
//
// Work-groups: WG = 1 (CPU-like devices): one work-item with float16 vectors; otherwise WG
// work-items with float4. Host: Sources/DVTOpenCL/Peak/PeakMeter.swift

#if WG == 1
#define WIDTH 16
#define PART 4096
#define FLOATS float16
#define LOAD vload16
#define STORE vstore16
#define ELEMENTS (float16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
#else
#define WIDTH 4
#define PART 4
#define FLOATS float4
#define LOAD vload4
#define STORE vstore4
#define ELEMENTS (float4)(0, 1, 2, 3)
#endif

#ifndef CHAINS
#define CHAINS 4  // limited by the registers, which also hold two constants
#endif

__attribute__((reqd_work_group_size(WG, 1, 1))) kernel void peak_fma(
    global float *restrict sums, int steps, float factor, float summand) {
  FLOATS x[CHAINS];
#pragma unroll
  for (int c = 0; c < CHAINS; c++)
    x[c] = ELEMENTS / 1024.0f + (float)(get_global_id(0) % 64) + c / 64.0f;
  for (int step = 0; step < steps; step++) {
#pragma unroll
    for (int c = 0; c < CHAINS; c++) x[c] = fma(x[c], (FLOATS)(factor), (FLOATS)(summand));
  }
  FLOATS total = x[0];
#pragma unroll
  for (int c = 1; c < CHAINS; c++) total += x[c];
  float parts[WIDTH], sum = 0.0f;
  STORE(total, 0, parts);
#pragma unroll
  for (int v = 0; v < WIDTH; v++) sum += parts[v];
  sums[get_global_id(0)] = sum;
}

#ifdef DOT

#include "bfloat16_dot.cl"

// The words come from memory, so that the compiler knows nothing about them.
DOT_FUNCTION static void dot_steps(float16 *restrict x, int steps, uint a, uint b) {
  float16 own[CHAINS];
#pragma unroll
  for (int c = 0; c < CHAINS; c++) own[c] = x[c];
  const uint16 left = (uint16)(a), right = (uint16)(b);
  for (int step = 0; step < steps; step++) {
#pragma unroll
    for (int c = 0; c < CHAINS; c++) own[c] = ADD_DOT(own[c], left, right);
  }
#pragma unroll
  for (int c = 0; c < CHAINS; c++) x[c] = own[c];
}

__attribute__((reqd_work_group_size(1, 1, 1))) kernel void peak_dot(global float *restrict sums,
                                                                    int steps, int a, int b) {
  float16 x[CHAINS], total = 0.0f;
#pragma unroll
  for (int c = 0; c < CHAINS; c++) x[c] = ELEMENTS + (float)(get_global_id(0) % 64) + c;
  dot_steps(x, steps, a, b);
#pragma unroll
  for (int c = 0; c < CHAINS; c++) total += x[c];
  sums[get_global_id(0)] = sum16(total);
}

#endif

__attribute__((reqd_work_group_size(WG, 1, 1))) kernel void peak_copy(
    global float *restrict to, global const float *restrict from, int count) {
  const size_t first = get_global_id(0) * PART, end = min(first + PART, (size_t)count);
  size_t i = first;
  for (; i + WIDTH <= end; i += WIDTH) STORE(LOAD(0, from + i), 0, to + i);
  for (; i < end; i++) to[i] = from[i];
}

kernel void peak_empty(void) {}
