// EXPECT: Invalid read of size 4 at local memory address
// The tile has no room for the neighbor of its last element.
kernel void faulty(global float *output, global const float *input, int count) {
  local float tile[16];
  const int i = get_global_id(0), item = get_local_id(0);
  tile[item] = input[i];
  barrier(CLK_LOCAL_MEM_FENCE);
  if (i < count) output[i] = tile[item] + tile[item + 1];
}
