// EXPECT: data race at local memory address
// A barrier is missing between writing the tile and reading a neighbor's element.
kernel void faulty(global float *output, global const float *input, int count) {
  local float tile[16];
  const int i = get_global_id(0), item = get_local_id(0);
  tile[item] = 0.0f;
  barrier(CLK_LOCAL_MEM_FENCE);
  tile[item] = input[i];
  if (i < count) output[i] = tile[(item + 1) % 16];
}
