#include "models.h"

static const unsigned char cifar10[] = {
#embed "dvt-cifar10/weights.safetensors"
};

const shipped_model dvt_shipped_model = {"dvt-cifar10", cifar10, sizeof cifar10};
