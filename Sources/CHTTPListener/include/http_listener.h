#ifndef HTTP_LISTENER_H
#define HTTP_LISTENER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// An HTTP/1.1 server: libmicrohttpd, with whole requests coming out of it and answers going in.
///
/// It works on the thread of whoever calls `http_listener_work`, and says by a descriptor when that is to be done. Where the system has
/// no epoll, it has a thread of its own. The listener's thread, below, is either.
///
/// Built without libmicrohttpd, it starts nothing: `http_listener_is_built` is false then.
typedef struct http_listener http_listener;

/// A request that waits for its answer, and the answer while it is sent.
typedef struct http_exchange http_exchange;

/// Bytes that somebody else owns; nothing stands for the end.
typedef struct http_text {
    const char *bytes;
    size_t length;
} http_text;

typedef struct http_field {
    http_text name;
    http_text value;
} http_field;

/// A request, valid until the call returns that brings it.
typedef struct http_request {
    http_text method;
    /// As in the request line, not decoded.
    http_text target;
    const http_field *fields;
    size_t field_count;
    const uint8_t *body;
    size_t body_length;
    /// Whether the body is longer than the limit; then it is left out.
    bool is_too_large;
    /// The address of the client, without port; empty for a Unix socket.
    char peer[48];
} http_request;

typedef struct http_listener_limits {
    /// What one connection may hold of heads, in bytes. A longer head is answered with 431.
    size_t connection_bytes;
    size_t body_bytes;
    /// What may wait for a client that reads a stream slowly, in bytes.
    size_t stream_bytes;
    /// More connections than that are closed as they come.
    unsigned connections;
    /// How long the first head may take, from the connection on.
    unsigned head_seconds;
    /// How long a connection may stay without a request, a body may take, and an answer may be stuck.
    unsigned idle_seconds;
} http_listener_limits;

/// Called on the listener's thread with each request; it must not block.
///
/// The exchange has to be answered once, by `http_exchange_respond` or by `http_exchange_begin` and `http_exchange_end`, on any
/// thread and at any time: now, too.
typedef void (*http_listener_receive)(void *context, http_exchange *exchange, const http_request *request);

/// Whether libmicrohttpd is built in.
bool http_listener_is_built(void);

/// Starts to accept connections.
///
/// Any thread.
///
/// - Parameters:
///   - socket: Bound and listening. The listener closes it when it stops; where it does not start, the caller keeps it.
///   - context: Borrowed until `http_listener_stop` returned.
/// - Returns: NULL where there is no memory, no thread, or no libmicrohttpd.
http_listener *http_listener_start(
    int socket, http_listener_limits limits, void *context, http_listener_receive receive);

/// A descriptor that can be read when there is something to do for `http_listener_work`; -1 where the listener has a thread of its own.
///
/// Any thread. It belongs to the listener.
int http_listener_descriptor(http_listener *listener);

/// Accepts, reads, hands over and writes whatever can be without waiting. Of no effect where the listener has a thread of its own, and
/// inside a call of `receive`.
///
/// One thread at a time, and to be called about once a second in any case, so that connections whose time is up are closed.
///
/// - Returns: Whether there is more to do already: it does a share each time.
bool http_listener_work(http_listener *listener);

/// Closes the connections whose time is up. To be called about once a second. Any thread.
void http_listener_reap(http_listener *listener);

/// How many connections are open. Any thread.
unsigned http_listener_connections(http_listener *listener);

/// Stops: what waits for an answer gets 503, streams end, connections are closed. Waits for the thread's end.
///
/// Any thread but the listener's own. Nobody else may be in `http_listener_work`, or call it later. Exchanges may be answered
/// afterwards; nobody hears of it.
void http_listener_stop(http_listener *listener);

/// Answers, and ends the exchange: it may not be used afterwards. The bytes are copied.
void http_exchange_respond(
    http_exchange *exchange, unsigned status, const http_field *fields, size_t field_count, const uint8_t *body,
    size_t body_length);

/// Answers HEAD, or with 304: there is no body, and `Content-Length` tells what it would have, unless `length` is
/// negative, for one that is not known. It ends the exchange, as `http_exchange_respond` does.
void http_exchange_respond_without_body(
    http_exchange *exchange, unsigned status, const http_field *fields, size_t field_count, int64_t length);

/// Begins an answer whose body comes piece by piece.
void http_exchange_begin(
    http_exchange *exchange, unsigned status, const http_field *fields, size_t field_count);

/// Adds a piece to the body.
///
/// - Returns: false where the client is gone, or reads so slowly that too much would wait for it: then it ends.
bool http_exchange_write(http_exchange *exchange, const uint8_t *bytes, size_t length);

/// Ends the body that was begun. The exchange may not be used afterwards.
void http_exchange_end(http_exchange *exchange);

#endif
