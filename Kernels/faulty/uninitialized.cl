// EXPECT: Uninitialized value
// The sum starts from uninitialized memory.
kernel void faulty(global float *output, global const float *input, int count) {
  const int i = get_global_id(0);
  float sum[2];
  sum[0] = input[i];
  if (sum[1] > 0.0f) sum[0] += 1.0f;
  if (i < count) output[i] = sum[0];
}
