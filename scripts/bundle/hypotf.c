// The Swift runtime refers to hypotf, whose newest version needs glibc 2.35. With this one the
// bundle runs with 2.34 as well. Squares of floats neither overflow nor vanish in double.
#include <math.h>

float hypotf(float x, float y) {
  if (isinf(x) || isinf(y)) return INFINITY;
  return (float)sqrt((double)x * x + (double)y * y);
}
