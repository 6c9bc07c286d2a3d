#ifndef CCLBLAST_SHIM_H
#define CCLBLAST_SHIM_H

// The same as COpenCL's, so that both modules see one set of OpenCL declarations.
#define CL_TARGET_OPENCL_VERSION 300
#define CL_USE_DEPRECATED_OPENCL_1_1_APIS
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <clblast_c.h>

#endif
