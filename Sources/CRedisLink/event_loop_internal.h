#ifndef EVENT_LOOP_INTERNAL_H
#define EVENT_LOOP_INTERNAL_H

#include "event_loop.h"

#include <ev.h>
#include <pthread.h>
#include <stdatomic.h>

struct redis_link;

/// One alarm of a clock: libev's own watcher, which is portable and follows clock steps but wakes with the poll's
/// resolution (a millisecond with epoll), and on Linux a timerfd that wakes it on the microsecond.
typedef struct alarm_clock {
    event_loop_clock clock;
    ev_timer timer;
    ev_periodic periodic;
    ev_io precise;
    int precise_fd;
} alarm_clock;

struct event_loop {
    struct ev_loop *ev;
    event_loop_delegate delegate;
    pthread_t thread;
    ev_async wake;
    ev_prepare before_wait;
    ev_idle stay_awake;
    alarm_clock alarms[2];
    atomic_bool ending;
    /// Set and read on the loop's thread alone: it ends itself, nobody joins it.
    bool frees_itself;
    char name[16];
    /// Links with unwritten output, newest first.
    struct redis_link *unwritten;
};

/// False when the system has no file descriptor left for it: then the alarm works, less precisely.
bool alarm_clock_init(event_loop *loop, event_loop_clock clock);
void alarm_clock_destroy(event_loop *loop, event_loop_clock clock);

/// Writes what the links of `loop->unwritten` hold and empties that list.
void redis_link_write_all(event_loop *loop);

#endif
