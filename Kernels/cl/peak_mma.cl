// peak_mma.cl: a device's peak rate of matrix instructions, for `dvt bench peak`.
//
//   sums  [work-items]  one result per work-item, which keeps the products from being optimized
//                       away
//   a, b  the words of all elements of the factors; a row of a by a row of b gives 1
//
// Every subgroup adds a b^T and subtracts it again, `steps` times, from CHAINS independent matrices
// of sums: 2 CHAINS products of 16 x 16 x MMA_DEPTH a step. A last product adds 1 to every sum.
// Several chains hide the latency of a product. Sum e of chain c of work-item i starts at
// (i mod 64) + c + e: the starts differ, so that compilers cannot merge chains. Sums stay small, as
// matrix instructions may drop the bits of a product far below the sum.
//
// ITEMS = 4 subgroups, one per scheduler of NVIDIA's units.
// Host: Sources/DVTOpenCL/Peak/PeakMeter.swift

#define ITEMS (4 * MMA_LANES)
#include "mma.cl"

#ifndef CHAINS
#define CHAINS 4
#endif
#define SIGNS (ELEMENT_BITS == 16 ? 0x80008000u : 0x80000000u)

MMA_KERNEL kernel void peak_mma(global float *restrict sums, int steps, int a, int b) {
  SUBGROUP(g);
  uint left[MMA_WORDS], right[MMA_WORDS], opposite[MMA_WORDS];
  float x[CHAINS][MMA_SUMS];
  // 0, but another register for every word and lane: a number that all lanes share would be copied
  // into a vector before every product.
  const uint zero = get_global_id(0) >> 31;
  UNROLL
  for (int w = 0; w < MMA_WORDS; w++) {
    left[w] = a + zero * (w + 1);
    right[w] = b + zero * (w + 1);
    opposite[w] = (b ^ SIGNS) + zero * (w + 1);
  }
  UNROLL
  for (int c = 0; c < CHAINS; c++) {
    UNROLL
    for (int e = 0; e < MMA_SUMS; e++) x[c][e] = (float)(get_global_id(0) % 64 + c + e);
  }
  NO_UNROLL
  for (int step = 0; step < steps; step++) {
    UNROLL
    for (int c = 0; c < CHAINS; c++) multiply_add(&g, x[c], left, right);
    UNROLL
    for (int c = 0; c < CHAINS; c++) multiply_add(&g, x[c], left, opposite);
  }
  float sum = 0.0f;
  UNROLL
  for (int c = 0; c < CHAINS; c++) {
    multiply_add(&g, x[c], left, right);
    UNROLL
    for (int e = 0; e < MMA_SUMS; e++) sum += x[c][e];
  }
  sums[get_global_id(0)] = sum;
}
