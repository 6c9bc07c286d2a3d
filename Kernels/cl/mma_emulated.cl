// mma_emulated.cl: mma.cl in plain OpenCL C, with the fragments of mma_ptx.cl. Lanes exchange them
// through local memory and multiply in float32: slow, for tests of kernels on any device.

#ifndef COPIES_LATE
#define COPIES_LATE 1
#endif

#define subgroup_barrier(g) barrier(CLK_LOCAL_MEM_FENCE)

static inline int subgroup_lane(int item) { return item % MMA_LANES; }

static inline float exp2_fast(float x) { return exp2(x); }

static inline float reciprocal_fast(float x) { return 1.0f / x; }

static inline void carry_out_copy(subgroup_t *g, int i) {
  for (int b = 0; b < 16; b++) g->to[i][b] = g->is_zero[i] ? (uchar)0 : g->from[i][b];
}

static inline void copy_async(subgroup_t *g, local uchar *to, global const uchar *from,
                              int is_inside) {
  const int i = g->requested++ % MAX_COPIES;
  g->from[i] = from;
  g->to[i] = to;
  g->is_zero[i] = !is_inside;
  g->group[i] = g->groups;
#if !COPIES_LATE
  carry_out_copy(g, i);
  g->done = g->requested;
#endif
}

static inline void commit_copies(subgroup_t *g) { g->groups++; }

static inline void finish_copies(subgroup_t *g) {}

static inline void wait_copies(subgroup_t *g, int left) {
  while (g->done < g->requested && g->group[g->done % MAX_COPIES] < g->groups - left) {
    carry_out_copy(g, g->done % MAX_COPIES);
    g->done++;
  }
}

static inline int sum_row(const subgroup_t *g, int e);
static inline int sum_column(const subgroup_t *g, int e);

// Element k of a row of a fragment, from the words of all lanes: a's in words 0 to 3, b's in 4
// to 7.
static inline float fragment_element(local const uint *words, int is_b, int row, int k) {
  const int upper = row / 8, later = k / (MMA_DEPTH / 2), within = k % (MMA_DEPTH / 2);
  const int word = is_b ? 4 + 2 * upper + later : upper + 2 * later;
#if ELEMENT_BITS == 32
  return as_float(words[8 * (row % 8 * 4 + within) + word]);
#else
  const uint pair = words[8 * (row % 8 * 4 + within / 2) + word];
  const uint bits = within % 2 ? pair >> 16 : pair & 0xFFFF;
#ifdef ELEMENT_BFLOAT16
  return as_float(bits << 16);
#else
  const ushort half_bits = (ushort)bits;
  return vload_half(0, (const half *)&half_bits);
#endif
#endif
}

static inline float tf32_part(float x) { return as_float(as_uint(x) & 0xFFFFE000u); }

static inline void multiply_add(subgroup_t *g, float *sums, const uint *a, const uint *b) {
  for (int w = 0; w < 4; w++) {
    g->words[8 * g->item + w] = a[w];
    g->words[8 * g->item + 4 + w] = b[w];
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  local const uint *words = g->words + 8 * (g->item - g->lane);
  for (int e = 0; e < 8; e++) {
    for (int k = 0; k < MMA_DEPTH; k++) {
      const float x = fragment_element(words, 0, sum_row(g, e), k);
      const float y = fragment_element(words, 1, sum_column(g, e), k);
#if ELEMENT_BITS == 32
      const float x_high = tf32_part(x), x_low = tf32_part(x - x_high);
      const float y_high = tf32_part(y), y_low = tf32_part(y - y_high);
      sums[e] += x_low * y_high;
      sums[e] += x_high * y_low;
      sums[e] += x_high * y_high;
#else
      sums[e] = fma(x, y, sums[e]);
#endif
    }
  }
  barrier(CLK_LOCAL_MEM_FENCE);
}

// Two numbers rounded to 16 bits, the first in the lower half.
static inline uint pack2(float low, float high) {
#ifdef ELEMENT_BFLOAT16
  return to_bfloat16(low) | (uint)to_bfloat16(high) << 16;
#else
  ushort pair[2];
  vstore_half_rte(low, 0, (half *)pair);
  vstore_half_rte(high, 1, (half *)pair);
  return pair[0] | (uint)pair[1] << 16;
#endif
}

// The value of lane `lane ^ mask`.
static inline float lanes_exchanged(subgroup_t *g, float x, int mask) {
  g->words[8 * g->item] = as_uint(x);
  barrier(CLK_LOCAL_MEM_FENCE);
  const float y = as_float(g->words[8 * (g->item ^ mask)]);
  barrier(CLK_LOCAL_MEM_FENCE);
  return y;
}
