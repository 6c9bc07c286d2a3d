// mma_intel_emulated.cl: what mma_intel.cl needs of Intel's extensions, in plain OpenCL C, so that
// its layouts are tested on any device. Lanes exchange the first factor through local memory.

#define subgroup_barrier(g) barrier(CLK_LOCAL_MEM_FENCE)

static inline int subgroup_lane(int item) { return item % MMA_LANES; }

#if MMA_LANES == 16
typedef short8 first_factor_t;
#else
typedef int8 first_factor_t;
#endif

static inline float element_value(ushort bits) {
#ifdef ELEMENT_BFLOAT16
  return as_float((uint)bits << 16);
#else
  return vload_half(0, (const half *)&bits);
#endif
}

// Component m of `rows` is the lane's part of row m, whose 16 elements all lanes hold in turn;
// component i of `columns` is the pair 2 i and 2 i + 1 of the lane's column.
static inline float8 multiply_rows(subgroup_t *g, first_factor_t rows, int8 columns, float8 sums) {
  local ushort *exchanged = (local ushort *)(g->words + (g->item - g->lane) * 8);
  for (int m = 0; m < 8; m++) {
#if MMA_LANES == 16
    exchanged[m * 16 + g->lane] = rows[m];
#else
    exchanged[m * 16 + 2 * g->lane] = rows[m];
    exchanged[m * 16 + 2 * g->lane + 1] = (uint)rows[m] >> 16;
#endif
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int m = 0; m < 8; m++) {
    for (int k = 0; k < 16; k++) {
      const uint pair = columns[k / 2];
      sums[m] = fma(element_value(exchanged[m * 16 + k]),
                    element_value(k % 2 ? pair >> 16 : pair & 0xFFFF), sums[m]);
    }
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  return sums;
}
