#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include "event_loop_internal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *event_loop_error_text(int error_number, char *buffer, size_t size) {
#if defined(__GLIBC__)
    return strerror_r(error_number, buffer, size);
#else
    if (strerror_r(error_number, buffer, size) != 0) {
        snprintf(buffer, size, "error %d", error_number);
    }
    return buffer;
#endif
}

static _Thread_local const event_loop *current_loop = NULL;

static void on_wake(struct ev_loop *ev, ev_async *watcher, int events) {
    // Nothing to do: the wait is over, and jobs run before the next one.
    (void)ev, (void)watcher, (void)events;
}

static void on_idle(struct ev_loop *ev, ev_idle *watcher, int events) {
    // While active it keeps libev from waiting.
    (void)ev, (void)watcher, (void)events;
}

static void on_before_wait(struct ev_loop *ev, ev_prepare *watcher, int events) {
    (void)events;
    event_loop *loop = watcher->data;
    loop->delegate.run_jobs(loop->delegate.context);
    redis_link_write_all(loop);
    // A failed write may have queued jobs, and a batch is bounded so that sockets get their turn.
    if (loop->delegate.has_jobs(loop->delegate.context)) {
        ev_idle_start(ev, &loop->stay_awake);
    } else {
        ev_idle_stop(ev, &loop->stay_awake);
    }
    if (atomic_load_explicit(&loop->ending, memory_order_acquire)) {
        ev_break(ev, EVBREAK_ALL);
    }
}

static void free_loop(event_loop *loop) {
    clock_timer_destroy(loop, EVENT_LOOP_MONOTONIC);
    clock_timer_destroy(loop, EVENT_LOOP_WALL);
    ev_loop_destroy(loop->ev);
    free(loop);
}

static void *run_thread(void *argument) {
    event_loop *loop = argument;
    current_loop = loop;
#if defined(__APPLE__)
    pthread_setname_np(loop->name);
#elif defined(__linux__)
    pthread_setname_np(pthread_self(), loop->name);
#endif
    ev_run(loop->ev, 0);
    loop->delegate.ended(loop->delegate.context);
    current_loop = NULL;
    if (loop->frees_itself) {
        free_loop(loop);
    }
    return NULL;
}

/// The thread starts with all signals blocked, since a mask is inherited; the caller's mask is put back.
static int start_thread(event_loop *loop) {
    sigset_t all, previous;
    sigfillset(&all);
    int failure = pthread_sigmask(SIG_SETMASK, &all, &previous);
    if (failure) {
        return failure;
    }
    failure = pthread_create(&loop->thread, NULL, run_thread, loop);
    pthread_sigmask(SIG_SETMASK, &previous, NULL);
    return failure;
}

event_loop *event_loop_start(const char *thread_name, event_loop_delegate delegate, int *error_number) {
    event_loop *loop = calloc(1, sizeof(*loop));
    if (!loop) {
        *error_number = ENOMEM;
        return NULL;
    }
    loop->ev = ev_loop_new(EVFLAG_AUTO | EVFLAG_NOENV);
    if (!loop->ev) {
        *error_number = errno ? errno : EMFILE;
        free(loop);
        return NULL;
    }
    loop->delegate = delegate;
    strncpy(loop->name, thread_name, sizeof(loop->name) - 1);
    atomic_init(&loop->ending, false);

    ev_async_init(&loop->wake, on_wake);
    ev_async_start(loop->ev, &loop->wake);
    ev_prepare_init(&loop->before_wait, on_before_wait);
    loop->before_wait.data = loop;
    ev_prepare_start(loop->ev, &loop->before_wait);
    ev_idle_init(&loop->stay_awake, on_idle);
    clock_timer_init(loop, EVENT_LOOP_MONOTONIC);
    clock_timer_init(loop, EVENT_LOOP_WALL);

    int failure = start_thread(loop);
    if (failure) {
        *error_number = failure;
        free_loop(loop);
        return NULL;
    }
    return loop;
}

void event_loop_wake(event_loop *loop) {
    ev_async_send(loop->ev, &loop->wake);
}

bool event_loop_is_current(const event_loop *loop) {
    return current_loop == loop;
}

struct event_loop_watch {
    ev_io readable;
    event_loop *loop;
    void *context;
    void (*call)(void *context);
};

static void on_watched(struct ev_loop *ev, ev_io *watcher, int events) {
    (void)ev, (void)events;
    event_loop_watch *watch = watcher->data;
    watch->call(watch->context);
}

event_loop_watch *event_loop_watch_start(
    event_loop *loop, int descriptor, void *context, void (*readable)(void *context)
) {
    event_loop_watch *watch = calloc(1, sizeof(*watch));
    if (!watch) {
        return NULL;
    }
    watch->loop = loop;
    watch->context = context;
    watch->call = readable;
    ev_io_init(&watch->readable, on_watched, descriptor, EV_READ);
    watch->readable.data = watch;
    ev_io_start(loop->ev, &watch->readable);
    return watch;
}

void event_loop_watch_end(event_loop_watch *watch) {
    ev_io_stop(watch->loop->ev, &watch->readable);
    free(watch);
}

int64_t event_loop_now(event_loop_clock clock) {
    struct timespec now;
    clock_gettime(clock == EVENT_LOOP_WALL ? CLOCK_REALTIME : CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void event_loop_end(event_loop *loop) {
    if (event_loop_is_current(loop)) {
        loop->frees_itself = true;
        pthread_detach(loop->thread);
        atomic_store_explicit(&loop->ending, true, memory_order_release);
        // When jobs called this, the check after them sees it; when a socket or timer did, the next turn does.
        event_loop_wake(loop);
        return;
    }
    pthread_t thread = loop->thread;
    atomic_store_explicit(&loop->ending, true, memory_order_release);
    event_loop_wake(loop);
    pthread_join(thread, NULL);
    free_loop(loop);
}
