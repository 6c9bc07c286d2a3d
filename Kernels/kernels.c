#include "kernels.h"

// The text of every file in cl/. `#embed` makes the build depend on the file.
#define SOURCE(identifier) { #identifier ".cl", identifier##_cl }

static const char attention_gradient_cl[] = {
#embed "cl/attention_gradient.cl" suffix(, 0)
};
static const char attention_gradient_vector_cl[] = {
#embed "cl/attention_gradient_vector.cl" suffix(, 0)
};
static const char attention_mma_cl[] = {
#embed "cl/attention_mma.cl" suffix(, 0)
};
static const char attention_tile_cl[] = {
#embed "cl/attention_tile.cl" suffix(, 0)
};
static const char attention_vector_cl[] = {
#embed "cl/attention_vector.cl" suffix(, 0)
};
static const char bfloat16_dot_cl[] = {
#embed "cl/bfloat16_dot.cl" suffix(, 0)
};
static const char column_sums_cl[] = {
#embed "cl/column_sums.cl" suffix(, 0)
};
static const char common_cl[] = {
#embed "cl/common.cl" suffix(, 0)
};
static const char confidence_cl[] = {
#embed "cl/confidence.cl" suffix(, 0)
};
static const char elementwise_cl[] = {
#embed "cl/elementwise.cl" suffix(, 0)
};
static const char layernorm_cl[] = {
#embed "cl/layernorm.cl" suffix(, 0)
};
static const char linear_cl[] = {
#embed "cl/linear.cl" suffix(, 0)
};
static const char linear_float_cl[] = {
#embed "cl/linear_float.cl" suffix(, 0)
};
static const char linear_mma_cl[] = {
#embed "cl/linear_mma.cl" suffix(, 0)
};
static const char linear_packed_cl[] = {
#embed "cl/linear_packed.cl" suffix(, 0)
};
static const char linear_tile_cl[] = {
#embed "cl/linear_tile.cl" suffix(, 0)
};
static const char loss_cl[] = {
#embed "cl/loss.cl" suffix(, 0)
};
static const char mma_cl[] = {
#embed "cl/mma.cl" suffix(, 0)
};
static const char mma_amd_cl[] = {
#embed "cl/mma_amd.cl" suffix(, 0)
};
static const char mma_emulated_cl[] = {
#embed "cl/mma_emulated.cl" suffix(, 0)
};
static const char mma_intel_cl[] = {
#embed "cl/mma_intel.cl" suffix(, 0)
};
static const char mma_intel_emulated_cl[] = {
#embed "cl/mma_intel_emulated.cl" suffix(, 0)
};
static const char mma_ptx_cl[] = {
#embed "cl/mma_ptx.cl" suffix(, 0)
};
static const char mma_trial_cl[] = {
#embed "cl/mma_trial.cl" suffix(, 0)
};
static const char optimizer_cl[] = {
#embed "cl/optimizer.cl" suffix(, 0)
};
static const char pack_fragments_cl[] = {
#embed "cl/pack_fragments.cl" suffix(, 0)
};
static const char peak_cl[] = {
#embed "cl/peak.cl" suffix(, 0)
};
static const char peak_mma_cl[] = {
#embed "cl/peak_mma.cl" suffix(, 0)
};
static const char performer_cl[] = {
#embed "cl/performer.cl" suffix(, 0)
};
static const char performer_gradient_cl[] = {
#embed "cl/performer_gradient.cl" suffix(, 0)
};
static const char performer_vector_cl[] = {
#embed "cl/performer_vector.cl" suffix(, 0)
};
static const char product_mma_cl[] = {
#embed "cl/product_mma.cl" suffix(, 0)
};
static const char relation_mlp_cl[] = {
#embed "cl/relation_mlp.cl" suffix(, 0)
};
static const char relation_mma_cl[] = {
#embed "cl/relation_mma.cl" suffix(, 0)
};
static const char resample_cl[] = {
#embed "cl/resample.cl" suffix(, 0)
};
static const char softmax_gradient_cl[] = {
#embed "cl/softmax_gradient.cl" suffix(, 0)
};
static const char stacking_cl[] = {
#embed "cl/stacking.cl" suffix(, 0)
};
static const char token_gradients_cl[] = {
#embed "cl/token_gradients.cl" suffix(, 0)
};
static const char tokens_cl[] = {
#embed "cl/tokens.cl" suffix(, 0)
};

static const kernel_source sources[] = {
    SOURCE(attention_gradient), SOURCE(attention_gradient_vector), SOURCE(attention_mma),
    SOURCE(attention_tile), SOURCE(attention_vector), SOURCE(bfloat16_dot), SOURCE(column_sums),
    SOURCE(common), SOURCE(confidence), SOURCE(elementwise), SOURCE(layernorm), SOURCE(linear),
    SOURCE(linear_float), SOURCE(linear_mma), SOURCE(linear_packed), SOURCE(linear_tile),
    SOURCE(loss), SOURCE(mma), SOURCE(mma_amd), SOURCE(mma_emulated), SOURCE(mma_intel),
    SOURCE(mma_intel_emulated), SOURCE(mma_ptx), SOURCE(mma_trial), SOURCE(optimizer),
    SOURCE(pack_fragments), SOURCE(peak), SOURCE(peak_mma), SOURCE(performer),
    SOURCE(performer_gradient), SOURCE(performer_vector), SOURCE(product_mma), SOURCE(relation_mlp),
    SOURCE(relation_mma), SOURCE(resample), SOURCE(softmax_gradient), SOURCE(stacking),
    SOURCE(token_gradients), SOURCE(tokens),
};

const size_t kernel_source_count = sizeof sources / sizeof sources[0];

const kernel_source *kernel_source_at(size_t index) {
  return index < kernel_source_count ? &sources[index] : 0;
}
