#ifndef LIBFUZZER_H
#define LIBFUZZER_H

#include <stddef.h>
#include <stdint.h>

/// libFuzzer's loop, for a program with a `main` of its own: reads its options from the arguments, and calls
/// `take_one_input` again and again. Returns the exit status.
int LLVMFuzzerRunDriver(
    int *argument_count, char ***arguments, int (*take_one_input)(const uint8_t *start, size_t count));

#endif
