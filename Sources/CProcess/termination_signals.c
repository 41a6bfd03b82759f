#include "termination_signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static const int caught[] = {SIGINT, SIGTERM, SIGHUP};
static const size_t caught_count = sizeof caught / sizeof caught[0];

// nohup(1) ignores SIGHUP, and it must stay ignored.
static int is_hangup_ignored;

// Written before the handlers are installed. Only they read it.
static int note_to = -1;

// May run between any two instructions of any thread, so it uses only write(2) and errno.
static void note(int number) {
    int before = errno;
    unsigned char byte = (unsigned char)number;
    // If the pipe is full, it already has more signals than anybody waits for.
    ssize_t written = write(note_to, &byte, 1);
    (void)written;
    errno = before;
}

static int set_effect(void (*effect)(int)) {
    struct sigaction action = {.sa_handler = effect, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < caught_count; i++) {
        if (caught[i] == SIGHUP && is_hangup_ignored) continue;
        if (sigaction(caught[i], &action, NULL) != 0) return -1;
    }
    return 0;
}

int termination_signals_catch(void) {
    int ends[2];
    if (pipe(ends) != 0) return -1;
    for (int i = 0; i < 2; i++) {
        fcntl(ends[i], F_SETFD, FD_CLOEXEC);
        fcntl(ends[i], F_SETFL, O_NONBLOCK);
    }
    note_to = ends[1];
    struct sigaction hangup;
    is_hangup_ignored = sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler == SIG_IGN;
    return set_effect(note) == 0 ? ends[0] : -1;
}

void termination_signals_surrender(int number) {
    set_effect(SIG_DFL);
    kill(getpid(), number);
}
