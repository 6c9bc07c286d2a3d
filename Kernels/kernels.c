#include "kernels.h"

// Each file of cl/ as a string of its own; `#embed` makes the build depend on it.
#define SOURCE(identifier) { #identifier ".cl", identifier##_cl }

static const char attention_tile_cl[] = {
#embed "cl/attention_tile.cl" suffix(, 0)
};
static const char attention_vector_cl[] = {
#embed "cl/attention_vector.cl" suffix(, 0)
};
static const char common_cl[] = {
#embed "cl/common.cl" suffix(, 0)
};
static const char confidence_cl[] = {
#embed "cl/confidence.cl" suffix(, 0)
};
static const char layernorm_cl[] = {
#embed "cl/layernorm.cl" suffix(, 0)
};
static const char linear_cl[] = {
#embed "cl/linear.cl" suffix(, 0)
};
static const char linear_matrix_cl[] = {
#embed "cl/linear_matrix.cl" suffix(, 0)
};
static const char linear_packed_cl[] = {
#embed "cl/linear_packed.cl" suffix(, 0)
};
static const char linear_tile_cl[] = {
#embed "cl/linear_tile.cl" suffix(, 0)
};
static const char peak_cl[] = {
#embed "cl/peak.cl" suffix(, 0)
};
static const char performer_cl[] = {
#embed "cl/performer.cl" suffix(, 0)
};
static const char performer_vector_cl[] = {
#embed "cl/performer_vector.cl" suffix(, 0)
};
static const char relation_mlp_cl[] = {
#embed "cl/relation_mlp.cl" suffix(, 0)
};
static const char resample_cl[] = {
#embed "cl/resample.cl" suffix(, 0)
};
static const char tokens_cl[] = {
#embed "cl/tokens.cl" suffix(, 0)
};

static const kernel_source sources[] = {
    SOURCE(attention_tile), SOURCE(attention_vector), SOURCE(common), SOURCE(confidence),
    SOURCE(layernorm), SOURCE(linear), SOURCE(linear_matrix), SOURCE(linear_packed),
    SOURCE(linear_tile), SOURCE(peak), SOURCE(performer), SOURCE(performer_vector),
    SOURCE(relation_mlp), SOURCE(resample), SOURCE(tokens),
};

const size_t kernel_source_count = sizeof sources / sizeof sources[0];

const kernel_source *kernel_source_at(size_t index) {
  return index < kernel_source_count ? &sources[index] : 0;
}
