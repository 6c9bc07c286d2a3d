#ifndef DVT_MODELS_H
#define DVT_MODELS_H

#include <stddef.h>

/// A checkpoint that is part of the program.
typedef struct {
  const char *_Nonnull name;
  const unsigned char *_Nonnull bytes;
  size_t byte_count;
} shipped_model;

/// The model that commands run where none is named.
extern const shipped_model dvt_shipped_model;

#endif
