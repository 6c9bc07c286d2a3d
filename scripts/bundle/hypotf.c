// The Swift runtime uses hypotf, whose newest version requires glibc 2.35. With this definition the
// bundle also runs with 2.34. Squares of floats neither overflow nor underflow in double.
#include <math.h>

float hypotf(float x, float y) {
  if (isinf(x) || isinf(y)) return INFINITY;
  return (float)sqrt((double)x * x + (double)y * y);
}
