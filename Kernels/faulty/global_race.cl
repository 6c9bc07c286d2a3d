// EXPECT: data race at global memory address
// Every work-group adds to the same element without an atomic.
kernel void faulty(global float *output, global const float *input, int count) {
  const int i = get_global_id(0);
  if (i < count && get_local_id(0) == 0) output[0] += input[i];
}
