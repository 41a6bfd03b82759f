#ifndef REDIS_LINK_INTERNAL_H
#define REDIS_LINK_INTERNAL_H

#include "event_loop_internal.h"
#include "redis_link.h"
#include "redis_tls.h"
#include "reply_arena.h"

#include <hiredis/hiredis.h>

typedef enum link_state {
    LINK_CONNECTING,
    /// Connected, in the TLS handshake.
    LINK_HANDSHAKING,
    LINK_OPEN,
    LINK_FAILED,
    LINK_CLOSED,
} link_state;

/// Bytes that wait for their turn in hiredis' own output buffer. hiredis moves all of its buffer at each partial write,
/// so it gets no more than a slice at a time, which keeps a long pipeline linear.
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
    /// The memory of the reply that is being read or lent.
    reply_arena *arena;
    bool has_lent_reply;
    bool has_read;
    ev_io readable;
    ev_io writable;
    link_state state;
    /// How many of the link's functions are on the stack below a callback. A closed link is freed when this is zero.
    int depth;
    bool is_unwritten;
    struct redis_link *next_unwritten;
    byte_queue output;
    /// NULL unless it speaks TLS.
    link_tls *tls;
    redis_link_failure failure;
    /// What happened; `problem` is only meaningful when TLS failed.
    redis_tls_failure reason;
};

/// Begin the handshake, and go on with it when the socket is ready. `failure` is set when it failed.
link_tls_progress link_tls_begin(redis_link *link, redis_tls_failure *failure);
link_tls_progress link_tls_continue(redis_link *link, redis_tls_failure *failure);
/// Before each read and write: clears the errors that OpenSSL recorded on this thread, perhaps for another link.
void link_tls_forget_errors(const redis_link *link);
/// Whether there are decrypted bytes to read, which the socket does not report.
bool link_tls_has_pending(const redis_link *link);
/// Explains a failed read or write, if TLS failed and not the connection below it.
bool link_tls_explain_failure(const redis_link *link, redis_tls_failure *failure);
/// Whether the server closed the connection without TLS's own goodbye.
bool link_tls_was_cut(const redis_link *link);
void link_tls_free(link_tls *tls);

/// redis_link_output.c: frees the bytes and leaves the queue empty.
void byte_queue_free(byte_queue *queue);
/// redis_link_output.c: writes until the socket takes no more, then waits for it to become writable.
void redis_link_flush(redis_link *link);

/// redis_link.c: surround everything that may call back. A link that is closed meanwhile stays in memory until the last
/// `leave`.
void redis_link_enter(redis_link *link);
void redis_link_leave(redis_link *link);

/// redis_link.c: records the first failure and reports it.
void redis_link_fail(redis_link *link, redis_link_failure failure, const char *text);
void redis_link_fail_errno(redis_link *link, redis_link_failure failure, int error_number);
/// Fails the link with what hiredis found.
void redis_link_fail_context(redis_link *link);
/// The same after a failed write, once everything that arrived has been read: a server says why before it hangs up, and
/// a write can notice the end before a read does.
void redis_link_fail_writing(redis_link *link);

#endif
