// EXPECT: Invalid write of size 4 at global memory address
// The guard allows one work-item to write past the end.
kernel void faulty(global float *output, global const float *input, int count) {
  const int i = get_global_id(0);
  if (i < count) output[i + 1] = input[i];
}
