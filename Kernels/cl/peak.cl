// peak.cl: what a device can do at most, for `dvt bench peak`.
//
//   sums      [work-items]          one number of every work-item
//   to, from  [count]
//
// peak_fma: every work-item walks CHAINS vectors of WIDTH numbers through `steps` multiply-adds,
// x <- factor x + summand, which is 2 WIDTH CHAINS steps operations. The chains do not depend on
// each other, so that they hide a multiply-add's latency; they begin with different numbers, and
// their sum is stored, so that no compiler can leave one out. Chain c of work-item i begins with
// (i mod 64) + c / 64 + v / 1024 in its element v. With |factor| < 1 it stays near summand / (1 -
// factor).
// peak_copy: to[i] = from[i]; a work-item copies PART neighboring numbers.
// peak_empty: nothing, which is what a launch costs.
//
// CPU-like devices (WG = 1) get one work-item per work-group with float16 vectors, others groups of
// WG work-items with float4. Host side:
// Sources/DVTOpenCL/Peak/PeakMeter.swift

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
#define CHAINS 4  // as many as the registers hold beside two constants
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

__attribute__((reqd_work_group_size(WG, 1, 1))) kernel void peak_copy(
    global float *restrict to, global const float *restrict from, int count) {
  const size_t first = get_global_id(0) * PART, end = min(first + PART, (size_t)count);
  size_t i = first;
  for (; i + WIDTH <= end; i += WIDTH) STORE(LOAD(0, from + i), 0, to + i);
  for (; i < end; i++) to[i] = from[i];
}

kernel void peak_empty(void) {}
