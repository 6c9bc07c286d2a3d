// mma_trial.cl: each primitive of mma.cl alone, for comparison with the host. TRIAL, which selects
// one, is a macro of the build: a compiler that rejects one primitive builds the others.
//
//   a, b  [16, 2 MMA_DEPTH]  small integers, whose sums of products are exact in every precision
//   c     [16, 16]           likewise, in 16 bits only
//   results                  [16, 16]
//
// One subgroup. CPU reference: Sources/DVTOpenCL/Arithmetic/MatrixTrial.swift

#define ITEMS MMA_LANES
#include "mma.cl"

#define CHUNKS 4
#define MATRIX_BYTES (16 * CHUNKS * 16)

// Puts a matrix into local memory, by plain stores.
static inline void store_matrix(subgroup_t *g, local uchar *to, global const uchar *from,
                                int chunks) {
  for (int e = g->item; e < 16 * chunks; e += ITEMS)
    *(local uint4 *)(to + CHUNK_OFFSET(e / chunks, e % chunks, chunks)) =
        *(global const uint4 *)(from + e * 16);
}

static inline void clear_sums(float *sums) {
  UNROLL
  for (int e = 0; e < MMA_SUMS; e++) sums[e] = 0.0f;
}

// The sums of a b^T.
static inline void product(subgroup_t *g, float *sums, local const uchar *a, local const uchar *b) {
  clear_sums(sums);
  UNROLL
  for (int k = 0; k < 2; k++) {
    uint fa[MMA_WORDS], fb[MMA_WORDS];
    load_a(g, fa, a, 2 * k, CHUNKS);
    load_b(g, fb, b, 2 * k, CHUNKS);
    multiply_add(g, sums, fa, fb);
  }
}

static inline void write_sums(subgroup_t *g, global float *results, const float *sums) {
  UNROLL
  for (int e = 0; e < MMA_SUMS; e++) results[sum_row(g, e) * 16 + sum_column(g, e)] = sums[e];
}

MMA_KERNEL kernel void mma_trial(global float *restrict results, global const element *restrict a,
                                 global const element *restrict b, global const element *restrict c,
                                 global uint4 *packed) {
  local uchar memory[2 * MATRIX_BYTES] __attribute__((aligned(128)));
  SUBGROUP(g);
  local uchar *left = memory, *right = memory + MATRIX_BYTES;
  float sums[MMA_SUMS];
  clear_sums(sums);
  store_matrix(&g, left, (global const uchar *)a, CHUNKS);
  store_matrix(&g, right, (global const uchar *)b, CHUNKS);
  barrier(CLK_LOCAL_MEM_FENCE);
#if TRIAL == 1  // copies: b replaces a, but for its last four rows, which become zeros
  UNROLL
  for (int i = 0; i < 16 * CHUNKS / ITEMS; i++) {
    const int e = i * ITEMS + g.item, row = e / CHUNKS;
    copy_async(&g, left + CHUNK_OFFSET(row, e % CHUNKS, CHUNKS), (global const uchar *)b + e * 16,
               row < 12);
    commit_copies(&g);
  }
  finish_copies(&g);
  wait_copies(&g, 0);
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int e = g.item; e < 256; e += ITEMS) {
    const int byte = e % 16 * ELEMENT_BYTES;
    local const uchar *from = left + CHUNK_OFFSET(e / 16, byte / 16, CHUNKS) + byte % 16;
#if ELEMENT_BITS == 32
    results[e] = *(local const float *)from;
#elif defined(ELEMENT_BFLOAT16)
    results[e] = as_float((uint) * (local const ushort *)from << 16);
#else
    results[e] = vload_half(0, (local const half *)from);
#endif
  }
#elif TRIAL == 2  // loads of fragments and their product
  product(&g, sums, left, right);
  write_sums(&g, results, sums);
#elif TRIAL == 3  // exchanges between lanes: the sum and maximum of each row, in columns 0 and 1
  product(&g, sums, left, right);
  UNROLL
  for (int s = 0; s < SUM_ROWS; s++) {
    float sum = 0.0f, largest = -INFINITY;
    int row = 0;
    UNROLL
    for (int e = 0; e < MMA_SUMS; e++) {
      if (row_of_sum(e) != s) continue;
      sum += sums[e];
      largest = fmax(largest, sums[e]);
      row = sum_row(&g, e);
    }
    sum = lanes_sum(&g, sum);
    largest = lanes_max(&g, largest);
    results[row * 16] = sum;
    results[row * 16 + 1] = largest;
  }
#elif TRIAL == 4  // sums as a factor: (a b^T) c^T
  uint fa[MMA_WORDS], fc[MMA_WORDS];
  product(&g, sums, left, right);
  sums_to_a(fa, sums);
  barrier(CLK_LOCAL_MEM_FENCE);
  store_matrix(&g, left, (global const uchar *)c, 2);
  barrier(CLK_LOCAL_MEM_FENCE);
  load_b(&g, fc, left, 0, 2);
  clear_sums(sums);
  multiply_add(&g, sums, fa, fc);
  write_sums(&g, results, sums);
#elif TRIAL == 5  // transposed loads, from the upper halves of a and b stored by depth: a^T b
  uint fa[MMA_WORDS], fb[MMA_WORDS];
  load_a_transposed(&g, fa, left, 0, CHUNKS);
  load_b_transposed(&g, fb, right, 2, CHUNKS);
  multiply_add(&g, sums, fa, fb);
  write_sums(&g, results, sums);
#elif TRIAL == 6  // packed fragments: c c^T; a reads one copy, b another
  uint fa[MMA_WORDS], fb[MMA_WORDS];
  store_matrix(&g, left, (global const uchar *)c, 2);
  barrier(CLK_LOCAL_MEM_FENCE);
  load_b(&g, fb, left, 0, 2);
  store_packed(&g, fb, packed, 0);
  store_packed(&g, fb, packed, 1);
  barrier(CLK_GLOBAL_MEM_FENCE);
  load_a_packed(&g, fa, packed, 0);
  load_b_packed(&g, fb, packed, 1);
  multiply_add(&g, sums, fa, fb);
  write_sums(&g, results, sums);
#endif
}
