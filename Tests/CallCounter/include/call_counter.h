// Counts the OpenCL calls of this package and of libraries by interposing the functions.
//
// Each cl_context has its own counters, so concurrent tests do not count each other's calls. A new
// context may get the address of a released one: start with call_counter_reset.
#ifndef CALL_COUNTER_H
#define CALL_COUNTER_H

#include <CL/cl.h>
#include <stddef.h>

// Resets the counters of a context.
void call_counter_reset(cl_context context);

// Created buffers and sub-buffers.
size_t call_counter_buffers(cl_context context);

// The size of the largest one in bytes.
size_t call_counter_largest_buffer(cl_context context);

// Built or compiled programs.
size_t call_counter_builds(cl_context context);

// Kernel launches.
size_t call_counter_launches(cl_context context);

#endif
