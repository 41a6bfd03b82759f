#ifndef EVENT_LOOP_H
#define EVENT_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// A libev loop that runs on a thread of its own.
///
/// One turn of the loop: wait for sockets, timers or a wake-up; dispatch them; then, before the next wait, run the
/// queued jobs and write what they left in the links' output buffers. So everything that one turn produced leaves in
/// one write per socket.
typedef struct event_loop event_loop;

/// Which clock a timer follows.
typedef enum event_loop_clock {
    /// CLOCK_MONOTONIC: nanoseconds since some start; never stepped.
    EVENT_LOOP_MONOTONIC = 0,
    /// CLOCK_REALTIME: nanoseconds since 1970 UTC; a timer on it follows steps of the clock, and suspension.
    EVENT_LOOP_WALL = 1,
} event_loop_clock;

/// What a loop calls. Every entry runs on the loop's thread, never inside another entry of the same loop.
typedef struct event_loop_delegate {
    /// Borrowed by the loop until `ended` returned.
    void *context;
    /// Runs a batch of the queued jobs.
    void (*run_jobs)(void *context);
    /// Whether jobs are queued: then the loop polls its sockets without waiting and comes back.
    bool (*has_jobs)(void *context);
    /// The timer of `clock` fired and is disarmed. It may be early by the clock's resolution: check the time and set it
    /// again.
    void (*timer_fired)(void *context, event_loop_clock clock);
    /// The loop's last call: the thread ends and the context is no longer used.
    void (*ended)(void *context);
} event_loop_delegate;

/// Creates a loop and starts its thread, with every signal blocked (a write to a closed socket raises no SIGPIPE
/// there).
///
/// Any thread. The result is freed by `event_loop_end`. NULL when the system refuses: then `*error_number` says why
/// and nothing is left behind.
event_loop *event_loop_start(const char *thread_name, event_loop_delegate delegate, int *error_number);

/// Makes the loop go round once more, and so run the jobs queued before this call.
///
/// Any thread, before `event_loop_end`; legal inside a callback; never blocks; many calls are one wake-up.
void event_loop_wake(event_loop *loop);

/// Whether the caller is on the loop's thread. Any thread.
bool event_loop_is_current(const event_loop *loop);

/// Sets the one timer of `clock` to an absolute time in that clock's nanoseconds, replacing the former one. A time in
/// the past fires in the next turn.
///
/// Loop thread only; legal inside a callback.
void event_loop_set_timer(event_loop *loop, event_loop_clock clock, int64_t deadline);

/// Disarms the timer of `clock`. Loop thread only; legal inside a callback.
void event_loop_clear_timer(event_loop *loop, event_loop_clock clock);

/// A descriptor that a loop watches for somebody else.
typedef struct event_loop_watch event_loop_watch;

/// Calls `readable` in each turn in which the descriptor can be read, until `event_loop_watch_end`.
///
/// Loop thread only; `readable` runs there too, never inside another entry. The context is borrowed until
/// `event_loop_watch_end` returned. NULL where there is no memory.
event_loop_watch *event_loop_watch_start(
    event_loop *loop, int descriptor, void *context, void (*readable)(void *context));

/// Watches no longer, and frees. Loop thread only; legal inside a callback. The descriptor stays open.
void event_loop_watch_end(event_loop_watch *watch);

/// The present, in the clock's nanoseconds. Any thread.
int64_t event_loop_now(event_loop_clock clock);

/// The system's text for an `errno`: in `buffer`, or in static storage.
///
/// Any thread. In C because glibc and POSIX disagree about `strerror_r`, and which of them a C file gets is its own
/// choice.
const char *event_loop_error_text(int error_number, char *buffer, size_t size);

/// Ends the loop, calls `ended`, and frees it.
///
/// Any thread, once. From another thread it returns when the loop's thread has been joined. On the loop's own thread
/// (legal inside a callback) it returns at once, and the loop ends and frees itself when the callback has returned.
/// Every link must have been closed.
void event_loop_end(event_loop *loop);

#endif
