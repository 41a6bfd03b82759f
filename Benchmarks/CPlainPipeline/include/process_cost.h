// What this process costs, for the benchmarks: processor time, bytes on the heap, and the number of allocations.

#ifndef PROCESS_COST_H
#define PROCESS_COST_H

#include <stdbool.h>
#include <stddef.h>

/// Seconds that all threads have run so far, in the program and in the system.
double process_seconds(void);

/// The same of another process that runs; 0 where the system does not say, which is everywhere but on Linux.
double running_process_seconds(int process);

/// Bytes that the program holds on the heap now, or 0 where the C library does not say.
size_t heap_bytes_in_use(void);

/// Whether allocations are counted here: on Linux with glibc, and without a sanitizer, which has a heap of its own.
bool heap_counts_allocations(void);

/// Allocations of all threads since the program began: calls of malloc, calloc, realloc and aligned_alloc's kin.
size_t heap_allocation_count(void);

#endif
