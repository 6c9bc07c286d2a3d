#ifndef DVT_KERNELS_H
#define DVT_KERNELS_H

#include <stddef.h>

/// An OpenCL C source file embedded in the program.
typedef struct {
  const char *_Nonnull name;
  const char *_Nonnull text;
} kernel_source;

extern const size_t kernel_source_count;

/// The source at an index below `kernel_source_count`, or null.
const kernel_source *_Nullable kernel_source_at(size_t index);

#endif
