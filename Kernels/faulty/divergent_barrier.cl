// EXPECT: Work-group divergence detected
// Only half of the work-group reaches the barrier.
kernel void faulty(global float *output, global const float *input, int count) {
  local float tile[16];
  const int i = get_global_id(0), item = get_local_id(0);
  tile[item] = input[i];
  if (item < 8) barrier(CLK_LOCAL_MEM_FENCE);
  if (i < count) output[i] = tile[item];
}
