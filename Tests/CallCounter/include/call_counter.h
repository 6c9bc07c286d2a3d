// Counts OpenCL calls by standing in for them, whoever makes them: this package or a library.
//
// The counters belong to one cl_context each, so that tests that run side by side do not see each
// other's calls. An address may be given to a new context once the old one is gone: start with
// call_counter_reset.
#ifndef CALL_COUNTER_H
#define CALL_COUNTER_H

#include <CL/cl.h>
#include <stddef.h>

// Forgets the calls on a context.
void call_counter_reset(cl_context context);

// Buffers and sub-buffers made.
size_t call_counter_buffers(cl_context context);

// The size in bytes of the largest of them.
size_t call_counter_largest_buffer(cl_context context);

// Programs built or compiled.
size_t call_counter_builds(cl_context context);

// Kernels launched.
size_t call_counter_launches(cl_context context);

#endif
