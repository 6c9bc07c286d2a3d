// attention_mma.cl: attention with reused relations on matrix instructions, in 16 bits; see mma.cl.
//
//   qkv      [B, T, 3 H d]   tokens T, heads H, head width d; q, then k, then v, each H d
//   output   [B, Q, H d]     attending tokens Q: the first Q of T, all or the class token
//   logits   [B, K, Q, L]    with KEEP, receives A and zeros beyond T: head h in channel
//                            kept_channel + h; K = kept_channels, L = kept_pitch, a multiple of 8
//   coarse   [B, C, S, P]    the relations to reuse: head h reads channel coarse_channel + h;
//                            C = coarse_channels, S = coarse_tokens, P = coarse_pitch, a multiple
//                            of 8
//   weights  [T', S']        packed fragments of the resampling W [T, S], zeros beyond; T' and S'
//                            are T and S rounded up to 16, and S' is 16 COARSE_FRAGMENTS
//   used     [T' / 16]       bit m is set if fragment m of these 16 tokens has weights
//   scale                    usually 1 / sqrt(d)
//
//   A = scale q k^T + W coarse W^T,   output = softmax(A) v
//
// Each of SUBGROUPS subgroups takes 16 queries of a head. U = W coarse / scale of its queries is
// one product with the whole coarse map, whose result stays in registers; U W^T then begins the
// sums to which q k^T is added, so no instruction resamples a single relation. Only the fragments
// of W that have weights are multiplied: a token has few. Keys and values come in tiles of KEYS:
// one is copied while another is used. The softmax is online, and its numerators are the left
// factor of the product with v without leaving their lane.
//
// Global size (ceil(Q / (16 SUBGROUPS)) ITEMS, H, B), local size (ITEMS, 1, 1).
//
// CPU reference: Sources/DVTReference/Operations/ReferenceBackend+Attention.swift
// Papers: Dao et al., FlashAttention, arXiv:2205.14135; Milakov and Gimelshein, Online Normalizer
// Calculation for Softmax, arXiv:1805.02867

#if ELEMENT_BITS != 16
#error matrix instructions compute attention in 16 bits only
#endif

#ifndef HEAD_WIDTH
#define HEAD_WIDTH 64
#endif
#ifndef SUBGROUPS
#define SUBGROUPS 7
#endif
#ifndef COARSE_FRAGMENTS
#define COARSE_FRAGMENTS 0  // ceil(S / 16), or 0 where nothing is reused
#endif

#include "mma.cl"

#ifdef MMA_INTEL
#define KEYS 16  // registers hold the sums of no more
#else
#define KEYS 32
#endif

#define ITEMS (MMA_LANES * SUBGROUPS)
#define QUERIES (16 * SUBGROUPS)
#define HEAD_FRAGMENTS (HEAD_WIDTH / 16)
#define HEAD_CHUNKS (HEAD_WIDTH / 8)
#define KEY_FRAGMENTS (KEYS / 16)
#define HEAD_BYTES (HEAD_WIDTH * 2)
#define TILE_BYTES (KEYS * HEAD_BYTES)
#define QUERY_BYTES (QUERIES * HEAD_BYTES)
#define COARSE_CHUNKS PADDED_CHUNKS(2 * COARSE_FRAGMENTS)
#define COARSE_ROW (COARSE_CHUNKS * 16)
#define COARSE_BYTES (COARSE_FRAGMENTS ? 16 * COARSE_FRAGMENTS * COARSE_ROW : 0)
#define FIRST_BYTES (QUERY_BYTES + COARSE_BYTES)
#if defined(COPIES_BY_REGISTERS) && FIRST_BYTES / 16 / ITEMS + 2 > HELD_COPIES
#error registers do not hold the copies
#endif
#define MEMORY_BYTES (FIRST_BYTES > 4 * TILE_BYTES ? FIRST_BYTES : 4 * TILE_BYTES)

// Starts the copies of `rows` rows of `chunks` chunks. Of the source, `count` rows and `length`
// chunks exist; the others become zeros.
static inline void copy_rows_async(subgroup_t *g, local uchar *to, global const uchar *from,
                                   size_t stride, int rows, int count, int chunks, int length) {
  UNROLL
  for (int first = 0; first < rows * chunks; first += ITEMS) {
    // Where copies must not be conditional, the last chunk is copied several times.
    const int e = COPY_INDEX(first + g->item, rows * chunks);
    const int row = e / chunks, chunk = e % chunks, is_inside = row < count && chunk < length;
    COPIES_IF (rows * chunks % ITEMS == 0 || e < rows * chunks)
      copy_async(g, to + CHUNK_OFFSET(row, chunk, chunks),
                 from + (is_inside ? row * stride + chunk * 16 : 0), is_inside);
  }
}

MMA_KERNEL kernel void attention_mma(
    global element *restrict output, global element *restrict logits,
    global const element *restrict qkv, global const element *restrict coarse,
    global const uint4 *restrict weights, global const uint *restrict used, int tokens,
    int attending, int heads, int kept_channels, int kept_channel, int kept_pitch,
    int coarse_channels, int coarse_channel, int coarse_tokens, int coarse_pitch, float scale) {
  local uchar memory[MEMORY_BYTES] __attribute__((aligned(128)));
  SUBGROUP(g);
  const int head = get_group_id(1), image = get_group_id(2);
  const int first_query = get_group_id(0) * QUERIES, own = g.item / MMA_LANES * 16;
  const int first = first_query + own;
  const int width = heads * HEAD_WIDTH;
  const size_t stride = (size_t)3 * width * 2;
  global const uchar *q =
      (global const uchar *)(qkv + (size_t)image * tokens * 3 * width + head * HEAD_WIDTH);
  global const uchar *k = q + 2 * width, *v = k + 2 * width;

  copy_rows_async(&g, memory, q + first_query * stride, stride, QUERIES, attending - first_query,
                  HEAD_CHUNKS, HEAD_CHUNKS);
#if COARSE_FRAGMENTS
  coarse +=
      ((size_t)image * coarse_channels + coarse_channel + head) * coarse_tokens * coarse_pitch;
  copy_rows_async(&g, memory + QUERY_BYTES, (global const uchar *)coarse, (size_t)coarse_pitch * 2,
                  16 * COARSE_FRAGMENTS, coarse_tokens, COARSE_CHUNKS, coarse_pitch / 8);
#endif
  commit_copies(&g);
  wait_copies(&g, 0);
  finish_copies(&g);
  barrier(CLK_LOCAL_MEM_FENCE);
  uint query[HEAD_FRAGMENTS][MMA_WORDS];
  UNROLL
  for (int n = 0; n < HEAD_FRAGMENTS; n++)
    load_a(&g, query[n], memory + own * HEAD_BYTES, 2 * n, HEAD_CHUNKS);
#if COARSE_FRAGMENTS
  const int last_fragment = (tokens + 15) / 16 - 1;
  uint mixed[COARSE_FRAGMENTS][MMA_WORDS];  // U
  {
    const int fragment = min(first / 16, last_fragment);
    const float inverse_scale = 1.0f / scale;
    uint w[COARSE_FRAGMENTS][MMA_WORDS];
    UNROLL
    for (int m = 0; m < COARSE_FRAGMENTS; m++)
      load_a_packed(&g, w[m], weights, fragment * COARSE_FRAGMENTS + m);
    UNROLL
    for (int n = 0; n < COARSE_FRAGMENTS; n++) {
      float sums[MMA_SUMS];
      UNROLL
      for (int e = 0; e < MMA_SUMS; e++) sums[e] = 0.0f;
      UNROLL
      for (int m = 0; m < COARSE_FRAGMENTS; m++) {
        uint c[MMA_WORDS];
        load_b_transposed(&g, c, memory + QUERY_BYTES + 16 * m * COARSE_ROW, 2 * n, COARSE_CHUNKS);
        multiply_add(&g, sums, w[m], c);
      }
      UNROLL
      for (int e = 0; e < MMA_SUMS; e++) sums[e] *= inverse_scale;
      sums_to_a(mixed[n], sums);
    }
  }
#endif
  barrier(CLK_LOCAL_MEM_FENCE);  // keys and values take the place of what has been read

  float sum[HEAD_FRAGMENTS][MMA_SUMS], largest[SUM_ROWS], total[SUM_ROWS];
  UNROLL
  for (int n = 0; n < HEAD_FRAGMENTS; n++) {
    UNROLL
    for (int e = 0; e < MMA_SUMS; e++) sum[n][e] = 0.0f;
  }
  UNROLL
  for (int s = 0; s < SUM_ROWS; s++) {
    largest[s] = -INFINITY;
    total[s] = 0.0f;
  }
  const float rate = scale * 1.4426950408889634f;  // exp(scale x) = 2^(rate x)

  copy_rows_async(&g, memory, k, stride, KEYS, tokens, HEAD_CHUNKS, HEAD_CHUNKS);
  copy_rows_async(&g, memory + TILE_BYTES, v, stride, KEYS, tokens, HEAD_CHUNKS, HEAD_CHUNKS);
  commit_copies(&g);
  finish_copies(&g);
  int slot = 0;
  NO_UNROLL
  for (int start = 0; start < tokens; start += KEYS) {
    wait_copies(&g, 0);
    barrier(CLK_LOCAL_MEM_FENCE);  // this tile has arrived, and the one before has been read
    COPIES_IF (start + KEYS < tokens) {
      local uchar *next = memory + (1 - slot) * 2 * TILE_BYTES;
      const size_t offset = (start + KEYS) * stride;
      const int count = tokens - start - KEYS;
      copy_rows_async(&g, next, k + offset, stride, KEYS, count, HEAD_CHUNKS, HEAD_CHUNKS);
      copy_rows_async(
          &g, next + TILE_BYTES, v + offset, stride, KEYS, count, HEAD_CHUNKS, HEAD_CHUNKS);
    }
    commit_copies(&g);
    local const uchar *keys = memory + slot * 2 * TILE_BYTES, *values = keys + TILE_BYTES;
    slot = 1 - slot;

    float a[KEY_FRAGMENTS][MMA_SUMS];  // A / scale
    UNROLL
    for (int j = 0; j < KEY_FRAGMENTS; j++) {
      UNROLL
      for (int e = 0; e < MMA_SUMS; e++) a[j][e] = 0.0f;
#if COARSE_FRAGMENTS
      const int fragment = start / 16 + j;
      const uint mask = fragment <= last_fragment ? used[fragment] : 0;
      UNROLL
      for (int m = 0; m < COARSE_FRAGMENTS; m++)
        if (mask >> m & 1) {
          uint w[MMA_WORDS];
          load_b_packed(&g, w, weights, fragment * COARSE_FRAGMENTS + m);
          multiply_add(&g, a[j], mixed[m], w);
        }
#endif
      UNROLL
      for (int n = 0; n < HEAD_FRAGMENTS; n++) {
        uint b[MMA_WORDS];
        load_b(&g, b, keys + 16 * j * HEAD_BYTES, 2 * n, HEAD_CHUNKS);
        multiply_add(&g, a[j], query[n], b);
      }
    }
#ifdef KEEP
    UNROLL
    for (int j = 0; j < KEY_FRAGMENTS; j++) {
      UNROLL
      for (int e = 0; e < MMA_SUMS; e += 2) {
        const int row = first + sum_row(&g, e), column = start + 16 * j + sum_column(&g, e);
        const size_t channel = (size_t)image * kept_channels + kept_channel + head;
        if (row < attending && column < kept_pitch)
          *(global uint *)(logits + (channel * attending + row) * kept_pitch + column) =
              pack2(a[j][e] * scale, a[j][e + 1] * scale);  // keys beyond the last are zeros
      }
    }
#endif
    if (start + KEYS > tokens) {
      UNROLL
      for (int j = 0; j < KEY_FRAGMENTS; j++) {
        UNROLL
        for (int e = 0; e < MMA_SUMS; e++)
          if (start + 16 * j + sum_column(&g, e) >= tokens) a[j][e] = -INFINITY;
      }
    }
    float peak[SUM_ROWS];
    UNROLL
    for (int s = 0; s < SUM_ROWS; s++) peak[s] = -INFINITY;
    UNROLL
    for (int j = 0; j < KEY_FRAGMENTS; j++) {
      UNROLL
      for (int e = 0; e < MMA_SUMS; e++) peak[row_of_sum(e)] = fmax(peak[row_of_sum(e)], a[j][e]);
    }
    float shrink[SUM_ROWS];
    UNROLL
    for (int s = 0; s < SUM_ROWS; s++) {
      peak[s] = fmax(largest[s], lanes_max(&g, peak[s]));
      shrink[s] = exp2_fast((largest[s] - peak[s]) * rate);
      largest[s] = peak[s];
      total[s] *= shrink[s];
      peak[s] *= rate;
    }
    UNROLL
    for (int n = 0; n < HEAD_FRAGMENTS; n++) {
      UNROLL
      for (int e = 0; e < MMA_SUMS; e++) sum[n][e] *= shrink[row_of_sum(e)];
    }
    UNROLL
    for (int j = 0; j < KEY_FRAGMENTS; j++) {
      UNROLL
      for (int e = 0; e < MMA_SUMS; e++) {
        a[j][e] = exp2_fast(fma(a[j][e], rate, -peak[row_of_sum(e)]));
        total[row_of_sum(e)] += a[j][e];
      }
      uint p[MMA_WORDS];
      sums_to_a(p, a[j]);
      UNROLL
      for (int n = 0; n < HEAD_FRAGMENTS; n++) {
        uint b[MMA_WORDS];
        load_b_transposed(&g, b, values + 16 * j * HEAD_BYTES, 2 * n, HEAD_CHUNKS);
        multiply_add(&g, sum[n], p, b);
      }
    }
    finish_copies(&g);
  }
  UNROLL
  for (int s = 0; s < SUM_ROWS; s++) total[s] = 1.0f / lanes_sum(&g, total[s]);
  UNROLL
  for (int n = 0; n < HEAD_FRAGMENTS; n++) {
    UNROLL
    for (int e = 0; e < MMA_SUMS; e += 2) {
      const int row = first + sum_row(&g, e);
      const int column = head * HEAD_WIDTH + 16 * n + sum_column(&g, e);
      const float inverse = total[row_of_sum(e)];
      if (row < attending)
        *(global uint *)(output + ((size_t)image * attending + row) * width + column) =
            pack2(sum[n][e] * inverse, sum[n][e + 1] * inverse);
    }
  }
}
