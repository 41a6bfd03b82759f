#ifndef REDIS_LINK_INTERNAL_H
#define REDIS_LINK_INTERNAL_H

#include "event_loop_internal.h"
#include "redis_link.h"
#include "redis_tls.h"
#include "reply_arena.h"

#include <hiredis/hiredis.h>

typedef enum link_state {
    LINK_CONNECTING,
    /// Connected, and not yet sure who answers.
    LINK_SHAKING_HANDS,
    LINK_OPEN,
    LINK_FAILED,
    LINK_CLOSED,
} link_state;

/// Bytes that wait for their turn in hiredis' own output buffer: that one moves all it holds at each partial write, so
/// it is given no more than a slice at a time, which keeps a long pipeline linear.
typedef struct byte_queue {
    char *bytes;
    size_t head;
    size_t end;
    size_t capacity;
} byte_queue;

/// link_tls.c: a link's own part of TLS.
typedef struct link_tls link_tls;

typedef enum link_tls_progress {
    LINK_TLS_DONE,
    LINK_TLS_WANTS_READ,
    LINK_TLS_WANTS_WRITE,
    LINK_TLS_FAILED,
} link_tls_progress;

struct redis_link {
    event_loop *loop;
    redis_link_delegate delegate;
    redisContext *context;
    /// The memory of the reply that is being read or is lent.
    reply_arena *arena;
    bool has_lent_reply;
    bool has_read;
    ev_io readable;
    ev_io writable;
    link_state state;
    /// How many of the link's functions are on the stack below a callback: freed when it is back to zero.
    int depth;
    bool is_unwritten;
    struct redis_link *next_unwritten;
    byte_queue output;
    /// NULL unless it speaks TLS.
    link_tls *tls;
    redis_link_failure failure;
    /// What happened; its problem counts when TLS failed.
    redis_tls_failure reason;
};

/// Begins the handshake, and goes on with it when the socket is ready; `failure` is set when it failed.
link_tls_progress link_tls_begin(redis_link *link, redis_tls_failure *failure);
link_tls_progress link_tls_continue(redis_link *link, redis_tls_failure *failure);
/// Before each read and write: what OpenSSL noted on this thread before, of any link, is not about this one.
void link_tls_forget_errors(const redis_link *link);
/// Whether bytes were decrypted and not yet read, which the socket knows nothing of.
bool link_tls_has_pending(const redis_link *link);
/// Says why reading or writing failed, if that was TLS and not the connection below it.
bool link_tls_explain_failure(const redis_link *link, redis_tls_failure *failure);
/// Whether the server closed the connection without saying so in TLS.
bool link_tls_was_cut(const redis_link *link);
void link_tls_free(link_tls *tls);

bool byte_queue_append(byte_queue *queue, const void *bytes, size_t count);
void byte_queue_drop(byte_queue *queue, size_t count);
void byte_queue_free(byte_queue *queue);

/// redis_link_output.c: writes until the socket takes no more, then waits for it to become writable.
void redis_link_flush(redis_link *link);

/// redis_link.c: around all that may call back: a link that is closed meanwhile stays in memory until the last `leave`.
void redis_link_enter(redis_link *link);
void redis_link_leave(redis_link *link);

/// redis_link.c: records the first failure and reports it.
void redis_link_fail(redis_link *link, redis_link_failure failure, const char *text);
void redis_link_fail_errno(redis_link *link, redis_link_failure failure, int error_number);
/// Fails the link with what hiredis found.
void redis_link_fail_context(redis_link *link);
/// The same after a failed write, when what came before has been read: a server says why before it hangs up, and a write
/// can find the end before a read does.
void redis_link_fail_writing(redis_link *link);

#endif
