#include "event_loop_internal.h"

#include <string.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/timerfd.h>
#endif

static void stop(event_loop *loop, clock_timer *timer) {
    ev_timer_stop(loop->ev, &timer->relative);
    ev_periodic_stop(loop->ev, &timer->absolute);
}

static void fire(event_loop *loop, clock_timer *timer) {
    event_loop_clear_timer(loop, timer->clock);
    loop->delegate.timer_fired(loop->delegate.context, timer->clock);
}

static void on_relative(struct ev_loop *ev, ev_timer *watcher, int events) {
    (void)events;
    fire(ev_userdata(ev), watcher->data);
}

static void on_absolute(struct ev_loop *ev, ev_periodic *watcher, int events) {
    (void)events;
    fire(ev_userdata(ev), watcher->data);
}

static void on_precise(struct ev_loop *ev, ev_io *watcher, int events) {
    (void)events;
    uint64_t expirations;
    // Fails when the timer was set again since the poll: then nothing has fired yet.
    if (read(watcher->fd, &expirations, sizeof(expirations)) == (ssize_t)sizeof(expirations)) {
        fire(ev_userdata(ev), watcher->data);
    }
}

#ifdef __linux__
static void set_precise(clock_timer *timer, int64_t deadline) {
    if (timer->precise_fd < 0) {
        return;
    }
    struct itimerspec when;
    memset(&when, 0, sizeof(when));
    when.it_value.tv_sec = (time_t)(deadline / 1000000000);
    when.it_value.tv_nsec = (long)(deadline % 1000000000);
    timerfd_settime(timer->precise_fd, TFD_TIMER_ABSTIME, &when, NULL);
}
#else
static void set_precise(clock_timer *timer, int64_t deadline) {
    (void)timer, (void)deadline;
}
#endif

void clock_timer_init(event_loop *loop, event_loop_clock clock) {
    clock_timer *timer = &loop->timers[clock];
    timer->clock = clock;
    ev_set_userdata(loop->ev, loop);
    ev_timer_init(&timer->relative, on_relative, 0., 0.);
    timer->relative.data = timer;
    ev_periodic_init(&timer->absolute, on_absolute, 0., 0., 0);
    timer->absolute.data = timer;
    timer->precise_fd = -1;
#ifdef __linux__
    int id = clock == EVENT_LOOP_WALL ? CLOCK_REALTIME : CLOCK_MONOTONIC;
    timer->precise_fd = timerfd_create(id, TFD_NONBLOCK | TFD_CLOEXEC);
    if (timer->precise_fd >= 0) {
        ev_io_init(&timer->precise, on_precise, timer->precise_fd, EV_READ);
        timer->precise.data = timer;
        ev_io_start(loop->ev, &timer->precise);
    }
#else
    (void)on_precise;
#endif
}

void clock_timer_destroy(event_loop *loop, event_loop_clock clock) {
    clock_timer *timer = &loop->timers[clock];
    stop(loop, timer);
    if (timer->precise_fd >= 0) {
        ev_io_stop(loop->ev, &timer->precise);
        close(timer->precise_fd);
        timer->precise_fd = -1;
    }
}

void event_loop_set_timer(event_loop *loop, event_loop_clock clock, int64_t deadline) {
    clock_timer *timer = &loop->timers[clock];
    stop(loop, timer);
    // 0 would disarm the timerfd.
    if (deadline < 1) {
        deadline = 1;
    }
    if (clock == EVENT_LOOP_WALL) {
        ev_periodic_set(&timer->absolute, (ev_tstamp)deadline / 1e9, 0., 0);
        ev_periodic_start(loop->ev, &timer->absolute);
    } else {
        // libev counts from the time that it cached when this turn began.
        ev_now_update(loop->ev);
        int64_t delay = deadline - event_loop_now(EVENT_LOOP_MONOTONIC);
        ev_timer_set(&timer->relative, delay > 0 ? (ev_tstamp)delay / 1e9 : 0., 0.);
        ev_timer_start(loop->ev, &timer->relative);
    }
    set_precise(timer, deadline);
}

void event_loop_clear_timer(event_loop *loop, event_loop_clock clock) {
    clock_timer *timer = &loop->timers[clock];
    stop(loop, timer);
    set_precise(timer, 0);
}
