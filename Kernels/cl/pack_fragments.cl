// pack_fragments.cl: matrices in the order in which lanes hold fragments; see mma.cl.
//
//   packed  [ceil(R / 16), ceil(K / 16)] fragments
//   matrix  [R, K]
//
// One subgroup per fragment; elements beyond the matrix are zeros.
// Global size (ceil(K / 16) ITEMS, ceil(R / 16)), local size (ITEMS, 1).

#define ITEMS MMA_LANES
#include "mma.cl"

MMA_KERNEL kernel void pack_fragments(
    global uint4 *restrict packed, global const element *restrict matrix, int rows, int columns) {
  local uchar tile[512] __attribute__((aligned(128)));
  SUBGROUP(g);
  const int first_row = get_group_id(1) * 16, first_column = get_group_id(0) * 16;
  for (int e = g.item; e < 256; e += ITEMS) {
    const int row = first_row + e / 16, column = first_column + e % 16;
    ((local ushort *)tile)[e] =
        row < rows && column < columns ? matrix[(size_t)row * columns + column] : (ushort)0;
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  uint f[MMA_WORDS];
  load_b(&g, f, tile, 0, 2);
  store_packed(&g, f, packed, get_group_id(1) * get_num_groups(0) + get_group_id(0));
}
