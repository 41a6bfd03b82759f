#ifndef REDIS_LINK_H
#define REDIS_LINK_H

#include "event_loop.h"

#include <stddef.h>
#include <sys/socket.h>

/// One stream socket to a Redis server on an event loop: libev watches it, hiredis' non-blocking context reads and
/// writes it and parses replies.
///
/// hiredis' own asynchronous layer is not used: it aborts the process (an `assert`) when a server sends an unsolicited
/// reply, swallows a subscriber's answer to PING, and allocates for each command. The context and the reader below it
/// are the same in hiredis 0.14 and 1.x.
///
/// Everything here is for the loop's thread only.
typedef struct redis_link redis_link;

typedef enum redis_link_event {
    /// The socket is connected: once, before every other event except `REDIS_LINK_FAILED`.
    REDIS_LINK_CONNECTED,
    /// Bytes arrived: take replies with `redis_link_next_reply` until it returns NULL.
    REDIS_LINK_READABLE,
    /// The link failed: at most once, the last event. See `redis_link_failure_text`. Close it.
    REDIS_LINK_FAILED,
} redis_link_event;

typedef enum redis_link_failure {
    REDIS_LINK_NO_FAILURE,
    /// The system refused to connect.
    REDIS_LINK_REFUSED,
    /// The server closed the connection.
    REDIS_LINK_END_OF_FILE,
    /// Reading or writing failed.
    REDIS_LINK_BROKEN,
    /// The bytes read are not a reply.
    REDIS_LINK_MALFORMED,
    /// TLS failed, or the certificate was not the one expected; see redis_tls.h.
    REDIS_LINK_INSECURE,
} redis_link_failure;

typedef struct redis_link_delegate {
    /// Borrowed by the link until `released` returned.
    void *context;
    /// Called from the loop, never from inside another function of the link.
    void (*event)(void *context, redis_link_event event);
    /// The link's last call: it is being freed.
    void (*released)(void *context);
} redis_link_delegate;

/// Starts to connect to `address`, which is copied. The link reports `REDIS_LINK_CONNECTED` or `REDIS_LINK_FAILED`
/// later, in another turn of the loop. The only time-out is the system's.
///
/// Legal inside a callback. The caller closes the result with `redis_link_close`. NULL when the system refuses at
/// once: `*error_number` says why, and `released` is not called.
redis_link *redis_link_open(
    event_loop *loop, const struct sockaddr *address, socklen_t length, redis_link_delegate delegate,
    int *error_number);

/// The same for the Unix socket at `path`, in the file system.
redis_link *redis_link_open_unix(
    event_loop *loop, const char *path, redis_link_delegate delegate, int *error_number);

/// Appends a copy of encoded commands to the output, which is written when the loop's turn ends.
///
/// Legal inside a callback. False when memory is short or the link failed: then nothing was appended.
bool redis_link_append(redis_link *link, const void *bytes, size_t count);

/// The number of bytes appended and not yet passed to the system. Legal inside a callback.
size_t redis_link_unwritten_bytes(const redis_link *link);

/// The next complete reply, a `redisReply`, or NULL. After bytes that are not a reply it returns NULL, and
/// `REDIS_LINK_FAILED` follows.
///
/// The reply is borrowed until the next call or until the callback returns. Legal inside a callback only.
void *redis_link_next_reply(redis_link *link);

/// Why the link failed. Legal inside a callback.
redis_link_failure redis_link_failure_kind(const redis_link *link);

/// Why the link failed, as part of a sentence: borrowed, valid until the link is closed. Legal inside a callback.
const char *redis_link_failure_text(const redis_link *link);

/// Closes the socket, drops unwritten output and unread input, calls `released`, and frees the link. No event comes
/// after it.
///
/// Legal inside a callback, the link's own too: then the memory is freed when that callback has returned. Once.
void redis_link_close(redis_link *link);

#endif
