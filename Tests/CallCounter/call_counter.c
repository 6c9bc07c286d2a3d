#define CL_TARGET_OPENCL_VERSION 300
// Declares RTLD_NEXT.
#define _GNU_SOURCE
#include "call_counter.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
    cl_context context;
    size_t buffers;
    size_t largest_buffer;
    size_t builds;
    size_t launches;
} counts;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static counts *table;
static size_t table_count;

// Returns the counters of a context, creating them if needed. The caller holds the lock.
static counts *find(cl_context context) {
    for (size_t i = 0; i < table_count; ++i) {
        if (table[i].context == context) {
            return &table[i];
        }
    }
    counts *grown = realloc(table, (table_count + 1) * sizeof *table);
    if (!grown) {
        abort();
    }
    table = grown;
    table[table_count] = (counts){.context = context};
    return &table[table_count++];
}

static void add(cl_context context, counts seen) {
    pthread_mutex_lock(&lock);
    counts *sum = find(context);
    sum->buffers += seen.buffers;
    sum->builds += seen.builds;
    sum->launches += seen.launches;
    if (seen.largest_buffer > sum->largest_buffer) {
        sum->largest_buffer = seen.largest_buffer;
    }
    pthread_mutex_unlock(&lock);
}

static counts get(cl_context context) {
    pthread_mutex_lock(&lock);
    counts seen = *find(context);
    pthread_mutex_unlock(&lock);
    return seen;
}

void call_counter_reset(cl_context context) {
    pthread_mutex_lock(&lock);
    *find(context) = (counts){.context = context};
    pthread_mutex_unlock(&lock);
}

size_t call_counter_buffers(cl_context context) { return get(context).buffers; }

size_t call_counter_largest_buffer(cl_context context) { return get(context).largest_buffer; }

size_t call_counter_builds(cl_context context) { return get(context).builds; }

size_t call_counter_launches(cl_context context) { return get(context).launches; }

// Returns the original of an interposed function.
static void *next(const char *name) {
    void *function = dlsym(RTLD_NEXT, name);
    if (!function) {
        fprintf(stderr, "call_counter: no %s behind this one\n", name);
        abort();
    }
    return function;
}

// Only successful calls are counted: a rejected buffer takes no memory.

cl_mem clCreateBuffer(
    cl_context context, cl_mem_flags flags, size_t size, void *host, cl_int *status) {
    typeof(&clCreateBuffer) forward = next("clCreateBuffer");
    cl_mem buffer = forward(context, flags, size, host, status);
    if (buffer) {
        add(context, (counts){.buffers = 1, .largest_buffer = size});
    }
    return buffer;
}

cl_mem clCreateSubBuffer(
    cl_mem parent, cl_mem_flags flags, cl_buffer_create_type type, const void *info,
    cl_int *status) {
    typeof(&clCreateSubBuffer) forward = next("clCreateSubBuffer");
    cl_mem buffer = forward(parent, flags, type, info, status);
    cl_context context = NULL;
    if (buffer) {
        clGetMemObjectInfo(buffer, CL_MEM_CONTEXT, sizeof context, &context, NULL);
        add(context, (counts){.buffers = 1, .largest_buffer = ((cl_buffer_region *)info)->size});
    }
    return buffer;
}

static void add_build(cl_program program) {
    cl_context context = NULL;
    clGetProgramInfo(program, CL_PROGRAM_CONTEXT, sizeof context, &context, NULL);
    add(context, (counts){.builds = 1});
}

cl_int clBuildProgram(
    cl_program program, cl_uint device_count, const cl_device_id *devices, const char *options,
    void(CL_CALLBACK *notify)(cl_program, void *), void *data) {
    typeof(&clBuildProgram) forward = next("clBuildProgram");
    cl_int status = forward(program, device_count, devices, options, notify, data);
    if (status == CL_SUCCESS) {
        add_build(program);
    }
    return status;
}

cl_int clCompileProgram(
    cl_program program, cl_uint device_count, const cl_device_id *devices, const char *options,
    cl_uint header_count, const cl_program *headers, const char **names,
    void(CL_CALLBACK *notify)(cl_program, void *), void *data) {
    typeof(&clCompileProgram) forward = next("clCompileProgram");
    cl_int status = forward(
        program, device_count, devices, options, header_count, headers, names, notify, data);
    if (status == CL_SUCCESS) {
        add_build(program);
    }
    return status;
}

cl_int clEnqueueNDRangeKernel(
    cl_command_queue queue, cl_kernel kernel, cl_uint dimensions, const size_t *offset,
    const size_t *global, const size_t *local, cl_uint wait_count, const cl_event *wait_list,
    cl_event *event) {
    typeof(&clEnqueueNDRangeKernel) forward = next("clEnqueueNDRangeKernel");
    cl_int status = forward(
        queue, kernel, dimensions, offset, global, local, wait_count, wait_list, event);
    if (status == CL_SUCCESS) {
        cl_context context = NULL;
        clGetCommandQueueInfo(queue, CL_QUEUE_CONTEXT, sizeof context, &context, NULL);
        add(context, (counts){.launches = 1});
    }
    return status;
}
