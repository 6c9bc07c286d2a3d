#ifndef COPENCL_SHIM_H
#define COPENCL_SHIM_H

#define CL_TARGET_OPENCL_VERSION 300
// clCreateCommandQueue is the one way to make a queue that drivers of every version share, and
// clGetExtensionFunctionAddress the one way to ask the loader its name.
#define CL_USE_DEPRECATED_OPENCL_1_1_APIS
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl.h>
#include <CL/cl_ext.h>

#endif
