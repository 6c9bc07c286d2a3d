// relation_mma.cl: the relation-reuse MLP on matrix instructions, in 16 bits; see mma.cl.
//
//   relations, mixed  [B, C, P]  channels C = L H, pairs of coarse tokens P, a multiple of 8
//   expand            [W', C']   packed fragments of the weight [W, C], zeros beyond;
//                                W' = 16 HIDDEN_FRAGMENTS, C' = 16 CHANNEL_FRAGMENTS
//   contract          [C', W']   packed fragments of the weight [C, W], zeros beyond
//   expand_bias [W'], contract_bias [C']   zeros beyond W and C
//   ACTIVATION        0 identity, 1 GELU (erf), 2 GELU (tanh)
//
//   mixed[:, p] = contract activation(expand relations[:, p] + expand_bias) + contract_bias
//
// Each of SUBGROUPS subgroups takes 16 PAIR_FRAGMENTS pairs. Pairs are the rows of both products,
// so the sums of the first are the left factor of the second without leaving their lane, and the
// hidden map, three times as large as the relations, exists nowhere: a relation is read and written
// once. Weights are read from global memory in the order of the lanes and stay in the cache.
// Results replace the subgroup's own input in local memory, so that whole lines are written.
//
// Global size (ceil(P / TILE) ITEMS, B), local size (ITEMS, 1).
//
// CPU reference: Sources/DVTReference/Operations/ReferenceBackend+Reuse.swift

#if ELEMENT_BITS != 16
#error matrix instructions compute relation reuse in 16 bits only
#endif

#ifndef CHANNEL_FRAGMENTS
#define CHANNEL_FRAGMENTS 5
#define HIDDEN_FRAGMENTS 14
#define PAIR_FRAGMENTS 2
#define SUBGROUPS 4
#endif
#ifndef ACTIVATION
#define ACTIVATION 1
#endif

#include "mma.cl"

#define ITEMS (MMA_LANES * SUBGROUPS)
#define TILE (16 * PAIR_FRAGMENTS * SUBGROUPS)
#define CHUNKS (TILE / 8)
#define CHANNELS (16 * CHANNEL_FRAGMENTS)
#define OWN_CHUNKS (2 * PAIR_FRAGMENTS)  // of a subgroup

MMA_KERNEL kernel void relation_mma(
    global element *restrict mixed, global const element *restrict relations,
    global const uint4 *restrict expand, global const float *restrict expand_bias,
    global const uint4 *restrict contract, global const float *restrict contract_bias, int pairs,
    int channels) {
  local uchar tile[CHANNELS * TILE * 2] __attribute__((aligned(128)));
  SUBGROUP(g);
  const int first = get_group_id(0) * TILE, own_chunk = g.item / MMA_LANES * OWN_CHUNKS;
  const size_t offset = (size_t)get_group_id(1) * channels * pairs + first;
  UNROLL
  for (int start = 0; start < CHANNELS * CHUNKS; start += ITEMS) {
    const int e = start + g.item, row = e / CHUNKS, chunk = e % CHUNKS;
    const int is_inside = row < channels && first + chunk * 8 < pairs;
    copy_async(&g, tile + CHUNK_OFFSET(row, chunk, CHUNKS),
               (global const uchar *)(relations +
                                      (is_inside ? offset + (size_t)row * pairs + chunk * 8 : 0)),
               is_inside);
  }
  commit_copies(&g);
  wait_copies(&g, 0);
  finish_copies(&g);
  barrier(CLK_LOCAL_MEM_FENCE);

  uint x[PAIR_FRAGMENTS][CHANNEL_FRAGMENTS][MMA_WORDS];
  float sums[PAIR_FRAGMENTS][CHANNEL_FRAGMENTS][MMA_SUMS];
  UNROLL
  for (int i = 0; i < PAIR_FRAGMENTS; i++) {
    UNROLL
    for (int k = 0; k < CHANNEL_FRAGMENTS; k++) {
      load_a_transposed(&g, x[i][k], tile + 16 * k * CHUNKS * 16, own_chunk + 2 * i, CHUNKS);
      UNROLL
      for (int e = 0; e < MMA_SUMS; e++) sums[i][k][e] = contract_bias[16 * k + sum_column(&g, e)];
    }
  }
  NO_UNROLL
  for (int h = 0; h < HIDDEN_FRAGMENTS; h++) {
    float hidden[PAIR_FRAGMENTS][MMA_SUMS];
    UNROLL
    for (int e = 0; e < MMA_SUMS; e++) {
      const float bias = expand_bias[16 * h + sum_column(&g, e)];
      UNROLL
      for (int i = 0; i < PAIR_FRAGMENTS; i++) hidden[i][e] = bias;
    }
    UNROLL
    for (int k = 0; k < CHANNEL_FRAGMENTS; k++) {
      uint w[MMA_WORDS];
      load_b_packed(&g, w, expand, h * CHANNEL_FRAGMENTS + k);
      UNROLL
      for (int i = 0; i < PAIR_FRAGMENTS; i++) multiply_add(&g, hidden[i], x[i][k], w);
    }
    uint p[PAIR_FRAGMENTS][MMA_WORDS];
    UNROLL
    for (int i = 0; i < PAIR_FRAGMENTS; i++) {
      UNROLL
      for (int e = 0; e < MMA_SUMS; e++) hidden[i][e] = activated_fast(hidden[i][e], ACTIVATION);
      sums_to_a(p[i], hidden[i]);
    }
    UNROLL
    for (int k = 0; k < CHANNEL_FRAGMENTS; k++) {
      uint w[MMA_WORDS];
      load_b_packed(&g, w, contract, k * HIDDEN_FRAGMENTS + h);
      UNROLL
      for (int i = 0; i < PAIR_FRAGMENTS; i++) multiply_add(&g, sums[i][k], p[i], w);
    }
  }
  subgroup_barrier(&g);  // all lanes have read what is replaced now
  UNROLL
  for (int i = 0; i < PAIR_FRAGMENTS; i++) {
    UNROLL
    for (int k = 0; k < CHANNEL_FRAGMENTS; k++) {
      UNROLL
      for (int e = 0; e < MMA_SUMS; e += 2) {
        const int row = 16 * k + sum_column(&g, e), pair = sum_row(&g, e);
        const int chunk = own_chunk + 2 * i + pair / 8;
        const uint both = pack2(sums[i][k][e], sums[i][k][e + 1]);  // two channels of a pair
        *(local ushort *)(tile + CHUNK_OFFSET(row, chunk, CHUNKS) + pair % 8 * 2) = (ushort)both;
        *(local ushort *)(tile + CHUNK_OFFSET(row + 1, chunk, CHUNKS) + pair % 8 * 2) =
            (ushort)(both >> 16);
      }
    }
  }
  subgroup_barrier(&g);
  UNROLL
  for (int start = 0; start < CHANNELS * OWN_CHUNKS; start += MMA_LANES) {
    const int e = start + g.lane, row = e / OWN_CHUNKS, chunk = own_chunk + e % OWN_CHUNKS;
    if (row < channels && first + chunk * 8 < pairs)
      *(global uint4 *)(mixed + offset + (size_t)row * pairs + chunk * 8) =
          *(local const uint4 *)(tile + CHUNK_OFFSET(row, chunk, CHUNKS));
  }
}
