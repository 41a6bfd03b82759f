#include "event_loop_internal.h"

#include <string.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/timerfd.h>
#endif

static void stop(event_loop *loop, alarm_clock *alarm) {
    ev_timer_stop(loop->ev, &alarm->timer);
    ev_periodic_stop(loop->ev, &alarm->periodic);
}

static void go_off(event_loop *loop, alarm_clock *alarm) {
    event_loop_clear_alarm(loop, alarm->clock);
    loop->delegate.alarm(loop->delegate.context, alarm->clock);
}

static void on_timer(struct ev_loop *ev, ev_timer *watcher, int events) {
    (void)events;
    go_off(ev_userdata(ev), watcher->data);
}

static void on_periodic(struct ev_loop *ev, ev_periodic *watcher, int events) {
    (void)events;
    go_off(ev_userdata(ev), watcher->data);
}

static void on_precise(struct ev_loop *ev, ev_io *watcher, int events) {
    (void)events;
    uint64_t expirations;
    // Fails when the alarm was set again since the poll: then there is nothing to report yet.
    if (read(watcher->fd, &expirations, sizeof(expirations)) == (ssize_t)sizeof(expirations)) {
        go_off(ev_userdata(ev), watcher->data);
    }
}

#ifdef __linux__
static void set_precise(alarm_clock *alarm, int64_t deadline) {
    if (alarm->precise_fd < 0) {
        return;
    }
    struct itimerspec when;
    memset(&when, 0, sizeof(when));
    when.it_value.tv_sec = (time_t)(deadline / 1000000000);
    when.it_value.tv_nsec = (long)(deadline % 1000000000);
    timerfd_settime(alarm->precise_fd, TFD_TIMER_ABSTIME, &when, NULL);
}
#else
static void set_precise(alarm_clock *alarm, int64_t deadline) {
    (void)alarm, (void)deadline;
}
#endif

bool alarm_clock_init(event_loop *loop, event_loop_clock clock) {
    alarm_clock *alarm = &loop->alarms[clock];
    alarm->clock = clock;
    ev_set_userdata(loop->ev, loop);
    ev_timer_init(&alarm->timer, on_timer, 0., 0.);
    alarm->timer.data = alarm;
    ev_periodic_init(&alarm->periodic, on_periodic, 0., 0., 0);
    alarm->periodic.data = alarm;
    alarm->precise_fd = -1;
#ifdef __linux__
    int id = clock == EVENT_LOOP_WALL ? CLOCK_REALTIME : CLOCK_MONOTONIC;
    alarm->precise_fd = timerfd_create(id, TFD_NONBLOCK | TFD_CLOEXEC);
    if (alarm->precise_fd < 0) {
        return false;
    }
    ev_io_init(&alarm->precise, on_precise, alarm->precise_fd, EV_READ);
    alarm->precise.data = alarm;
    ev_io_start(loop->ev, &alarm->precise);
#else
    (void)on_precise;
#endif
    return true;
}

void alarm_clock_destroy(event_loop *loop, event_loop_clock clock) {
    alarm_clock *alarm = &loop->alarms[clock];
    stop(loop, alarm);
    if (alarm->precise_fd >= 0) {
        ev_io_stop(loop->ev, &alarm->precise);
        close(alarm->precise_fd);
        alarm->precise_fd = -1;
    }
}

void event_loop_set_alarm(event_loop *loop, event_loop_clock clock, int64_t deadline) {
    alarm_clock *alarm = &loop->alarms[clock];
    stop(loop, alarm);
    // 0 would disarm the timerfd.
    if (deadline < 1) {
        deadline = 1;
    }
    if (clock == EVENT_LOOP_WALL) {
        ev_periodic_set(&alarm->periodic, (ev_tstamp)deadline / 1e9, 0., 0);
        ev_periodic_start(loop->ev, &alarm->periodic);
    } else {
        // libev counts from the time that it cached when this turn began.
        ev_now_update(loop->ev);
        int64_t delay = deadline - event_loop_now(EVENT_LOOP_MONOTONIC);
        ev_timer_set(&alarm->timer, delay > 0 ? (ev_tstamp)delay / 1e9 : 0., 0.);
        ev_timer_start(loop->ev, &alarm->timer);
    }
    set_precise(alarm, deadline);
}

void event_loop_clear_alarm(event_loop *loop, event_loop_clock clock) {
    alarm_clock *alarm = &loop->alarms[clock];
    stop(loop, alarm);
    set_precise(alarm, 0);
}
