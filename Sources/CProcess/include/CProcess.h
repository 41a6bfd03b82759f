// C of the command line: getopt_long(3); prctl(2), which Swift cannot call because it is variadic; and signal handlers, in
// which almost no Swift code may run.

#ifndef CPROCESS_H
#define CPROCESS_H

#include <getopt.h>

#include "termination_signals.h"

#ifdef __linux__
#include <sys/prctl.h>

// Asks the kernel to send `signal` to the calling process when the thread that started it ends. Survives execve(2).
// Returns 0, or -1 with errno set.
static inline int rqrcron_signal_at_parent_death(int signal) {
    return prctl(PR_SET_PDEATHSIG, signal);
}
#endif

#endif
