// column_sums.cl: sums over the rows of a matrix in two steps, chunks of rows first, which keeps
// float32 sums short and lets chunks run in parallel; and sums of squares.
//
//   x        [rows, columns]            of sum_squares float
//   partial  [batch, chunks, columns]   float, sums over SUM_CHUNK rows each; sum_rows writes one
//   batch sums     [batch, columns]           float
//
// sum_rows: with WG = 1, one work-item per chunk; otherwise one per column along dimension 0, and
// along dimension 1 each may stride over chunks.
// sum_chunks: one work-item per column along dimension 0; along dimension 1 each may stride over
// the batch.
// CPU reference: Sources/DVTReference/Gradients/ReferenceBackend+TokenGradients.swift

#ifndef SUM_CHUNK
#define SUM_CHUNK 64  // rows of a partial sum
#endif

#if WG == 1

__attribute__((reqd_work_group_size(1, 1, 1))) kernel void sum_rows(
    global float *restrict partial, global const element *restrict x, int rows, int columns) {
  const int chunk = get_global_id(0);
  const int end = min((chunk + 1) * SUM_CHUNK, rows);
  partial += (size_t)chunk * columns;
  for (int c = 0; c < columns; c++) partial[c] = 0.0f;
  for (int row = chunk * SUM_CHUNK; row < end; row++)
    for (int c = 0; c < columns; c++) partial[c] += load(x + (size_t)row * columns + c);
}

#else

kernel void sum_rows(global float *restrict partial, global const element *restrict x, int rows,
                     int columns) {
  const int column = get_global_id(0);
  if (column >= columns) return;
  const int chunks = (rows + SUM_CHUNK - 1) / SUM_CHUNK;
  for (int chunk = get_global_id(1); chunk < chunks; chunk += get_global_size(1)) {
    const int end = min((chunk + 1) * SUM_CHUNK, rows);
    float sum = 0.0f;
    for (int row = chunk * SUM_CHUNK; row < end; row++)
      sum += load(x + (size_t)row * columns + column);
    partial[(size_t)chunk * columns + column] = sum;
  }
}

#endif

kernel void sum_chunks(global float *restrict sums, global const float *restrict partial, int batch,
                       int chunks, int columns) {
  const int column = get_global_id(0);
  if (column >= columns) return;
  for (int image = get_global_id(1); image < batch; image += get_global_size(1)) {
    float sum = 0.0f;
    for (int chunk = 0; chunk < chunks; chunk++)
      sum += partial[((size_t)image * chunks + chunk) * columns + column];
    sums[(size_t)image * columns + column] = sum;
  }
}

// sums[first + i] = the sum of the squares of x[i], x[i + LANES], ...; x has `count` elements. One
// work-item per sum, of LANES.
#ifndef LANES
#define LANES 256
#endif
kernel void sum_squares(global float *restrict sums, global const float *restrict x, int count,
                        int first) {
  const int lane = get_global_id(0);
  if (lane >= LANES) return;
  float sum = 0.0f;
  for (int i = lane; i < count; i += LANES) sum = fma(x[i], x[i], sum);
  sums[first + lane] = sum;
}
