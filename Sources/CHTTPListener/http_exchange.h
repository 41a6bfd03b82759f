#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "include/http_listener.h"

#include <microhttpd.h>
#include <pthread.h>

/// A connection of which it is watched for how long it stays without a whole request.
typedef struct http_connection {
    struct http_connection *previous, *next;
    int socket;
    /// In seconds of the monotonic clock; 0 while there is no hurry.
    int64_t deadline;
} http_connection;

struct http_listener {
    struct MHD_Daemon *daemon;
    /// Whether it works when it is told to, and not on a thread of its own.
    bool is_driven;
    /// Whether libmicrohttpd is at work, so that it is not called once more from inside.
    bool is_working;
    http_listener_limits limits;
    void *context;
    http_listener_receive receive;
    /// Guards the lists. Taken before an exchange's own lock.
    pthread_mutex_t lock;
    http_connection *connections;
    http_exchange *exchanges;
    bool is_stopping;
};

/// What becomes of an exchange.
typedef enum http_exchange_state {
    /// Its head or body is being read.
    EXCHANGE_RECEIVING,
    /// Its connection is suspended until there is an answer.
    EXCHANGE_WAITING,
    /// There is an answer, to be queued when its connection goes on.
    EXCHANGE_ANSWERED,
    /// The answer is queued.
    EXCHANGE_SENDING,
    /// The connection knows it no more.
    EXCHANGE_OVER,
} http_exchange_state;

/// Owned by its connection until that knows it no more, and by who answers it: freed with the last of the two.
struct http_exchange {
    /// Its place in the listener's list; of the listener's thread.
    http_exchange *previous, *next;
    /// Until the request is handed over, of the listener's thread.
    http_listener *listener;
    char *target;
    /// Where it ended in libmicrohttpd's memory: to be compared with, not read.
    const char *line_end;
    uint8_t *body;
    size_t body_length;
    size_t body_capacity;
    bool has_head;
    bool is_too_large;

    /// Guards everything below.
    pthread_mutex_t lock;
    int owners;
    http_exchange_state state;
    struct MHD_Connection *connection;
    struct MHD_Response *response;
    unsigned status;
    /// A body that comes piece by piece: what waits to be sent, and how much may.
    bool is_stream;
    bool has_ended;
    bool is_suspended;
    uint8_t *pending;
    size_t pending_length;
    size_t pending_most;
};

/// An exchange for a request line; NULL where there is no memory.
http_exchange *http_exchange_create(http_listener *listener, struct MHD_Connection *connection, const char *target);

/// The connection knows the exchange no more.
void http_exchange_complete(http_exchange *exchange);

/// Adds to the body; false where there is no memory.
bool http_exchange_take(http_exchange *exchange, const char *bytes, size_t length);

/// Hands the request over. The listener's thread, whose connection was suspended before.
void http_exchange_hand_over(http_exchange *exchange, const char *method);

/// Has what waits answered with 503, and ends a stream: the listener stops.
void http_exchange_abandon(http_exchange *exchange);

/// Queues the answer, once there is one.
enum MHD_Result http_exchange_send(http_exchange *exchange);

#endif
