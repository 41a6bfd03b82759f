#ifndef EVENT_LOOP_INTERNAL_H
#define EVENT_LOOP_INTERNAL_H

#include "event_loop.h"

#include <ev.h>
#include <pthread.h>
#include <stdatomic.h>

struct redis_link;

/// The timer of one clock: libev's own watcher, which is portable and follows clock steps but has the poll's resolution
/// (a millisecond with epoll), and on Linux a timerfd that wakes the poll to the microsecond.
typedef struct clock_timer {
    event_loop_clock clock;
    ev_timer relative;
    ev_periodic absolute;
    ev_io precise;
    int precise_fd;
} clock_timer;

struct event_loop {
    struct ev_loop *ev;
    event_loop_delegate delegate;
    pthread_t thread;
    ev_async wake;
    ev_prepare before_wait;
    ev_idle stay_awake;
    clock_timer timers[2];
    atomic_bool ending;
    /// Set and read on the loop's thread alone: it ends itself, nobody joins it.
    bool frees_itself;
    char name[16];
    /// Links with unwritten output, newest first.
    struct redis_link *unwritten;
};

/// Without a file descriptor to spare, the timer works with libev's resolution.
void clock_timer_init(event_loop *loop, event_loop_clock clock);
void clock_timer_destroy(event_loop *loop, event_loop_clock clock);

/// Writes what the links of `loop->unwritten` hold and empties that list.
void redis_link_write_all(event_loop *loop);

#endif
