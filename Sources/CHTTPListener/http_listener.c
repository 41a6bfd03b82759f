#include "include/http_listener.h"

#ifdef HTTP_LISTENER

#include "http_exchange.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>

bool http_listener_is_built(void) { return true; }

static int64_t monotonic_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

// MARK: Connections

static void set_deadline(http_listener *listener, struct MHD_Connection *connection, unsigned seconds) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    http_connection *watched = info == NULL ? NULL : info->socket_context;
    if (watched == NULL) return;
    pthread_mutex_lock(&listener->lock);
    // A second more, because time is counted in whole ones.
    watched->deadline = seconds == 0 ? 0 : monotonic_seconds() + seconds + 1;
    pthread_mutex_unlock(&listener->lock);
}

static void connection_changed(
    void *context, struct MHD_Connection *connection, void **socket_context,
    enum MHD_ConnectionNotificationCode code
) {
    http_listener *listener = context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        http_connection *watched = calloc(1, sizeof *watched);
        *socket_context = watched;
        if (watched == NULL || info == NULL) return;
        watched->socket = info->connect_fd;
        pthread_mutex_lock(&listener->lock);
        watched->next = listener->connections;
        if (watched->next != NULL) watched->next->previous = watched;
        listener->connections = watched;
        pthread_mutex_unlock(&listener->lock);
        set_deadline(listener, connection, listener->limits.head_seconds);
    } else {
        http_connection *watched = *socket_context;
        if (watched == NULL) return;
        pthread_mutex_lock(&listener->lock);
        if (watched->previous != NULL) watched->previous->next = watched->next;
        if (watched->next != NULL) watched->next->previous = watched->previous;
        if (listener->connections == watched) listener->connections = watched->next;
        pthread_mutex_unlock(&listener->lock);
        free(watched);
        *socket_context = NULL;
    }
}

void http_listener_reap(http_listener *listener) {
    int64_t now = monotonic_seconds();
    pthread_mutex_lock(&listener->lock);
    for (http_connection *watched = listener->connections; watched != NULL; watched = watched->next) {
        // The thread finds it closed, and clears up.
        if (watched->deadline != 0 && watched->deadline <= now) shutdown(watched->socket, SHUT_RDWR);
    }
    pthread_mutex_unlock(&listener->lock);
}

unsigned http_listener_connections(http_listener *listener) {
    unsigned count = 0;
    pthread_mutex_lock(&listener->lock);
    for (http_connection *watched = listener->connections; watched != NULL; watched = watched->next) count++;
    pthread_mutex_unlock(&listener->lock);
    return count;
}

// MARK: Requests

/// The request line was read.
static void *request_began(void *context, const char *uri, struct MHD_Connection *connection) {
    return http_exchange_create(context, connection, uri);
}

/// What a head says of its body.
typedef struct framing {
    unsigned lengths, encodings;
    bool is_chunked;
} framing;

static enum MHD_Result note_framing(
    void *context, enum MHD_ValueKind kind, const char *name, const char *value
) {
    (void)kind;
    framing *said = context;
    if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0) said->lengths++;
    if (strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0) {
        said->encodings++;
        said->is_chunked = value != NULL && strcasecmp(value, "chunked") == 0;
    }
    return MHD_YES;
}

/// Whether another server could read where this request ends in another way: RFC 9112, section 6.3. libmicrohttpd 0.9 lets some of
/// that pass.
static bool is_ambiguous(struct MHD_Connection *connection, const char *version) {
    if (strcmp(version, MHD_HTTP_VERSION_1_1) != 0 && strcmp(version, MHD_HTTP_VERSION_1_0) != 0) return true;
    framing said = {0, 0, false};
    MHD_get_connection_values(connection, MHD_HEADER_KIND, note_framing, &said);
    if (said.lengths + said.encodings > 1) return true;
    return said.encodings == 1 && !said.is_chunked;
}

/// Whether something else than a space stands between target and version: libmicrohttpd 0.9 takes a target with a NUL byte in it for
/// what stands before that.
static bool is_cut(const http_exchange *exchange, const char *version) {
    uintptr_t distance = (uintptr_t)version - (uintptr_t)exchange->line_end;
    // Where the version does not stand in the line itself, nothing can be said.
    return distance != 1 && distance < exchange->listener->limits.connection_bytes;
}

/// Answers a request whose end is not certain, and closes the connection.
static enum MHD_Result refuse(struct MHD_Connection *connection) {
    struct MHD_Response *response = MHD_create_response_from_buffer(0, "", MHD_RESPMEM_PERSISTENT);
    if (response == NULL) return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_BAD_REQUEST, response);
    MHD_destroy_response(response);
    return result;
}

/// Whether the head says that more than is taken will come.
static bool says_too_much(http_listener *listener, struct MHD_Connection *connection) {
    const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return length != NULL && strtoull(length, NULL, 10) > listener->limits.body_bytes;
}

/// Hands a request over, and has its connection wait for the answer.
static enum MHD_Result hand_over(
    http_listener *listener, http_exchange *exchange, struct MHD_Connection *connection, const char *method
) {
    set_deadline(listener, connection, 0);
    // With the list's lock, so that none is suspended after the listener has gone through those that wait.
    pthread_mutex_lock(&listener->lock);
    bool is_stopping = listener->is_stopping;
    if (!is_stopping) {
        pthread_mutex_lock(&exchange->lock);
        exchange->state = EXCHANGE_WAITING;
        pthread_mutex_unlock(&exchange->lock);
        MHD_suspend_connection(connection);
    }
    pthread_mutex_unlock(&listener->lock);
    if (is_stopping) return http_exchange_send(exchange);
    http_exchange_hand_over(exchange, method);
    return MHD_YES;
}

static enum MHD_Result handle(
    void *context, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
    const char *upload, size_t *upload_size, void **exchange_context
) {
    (void)url;
    http_listener *listener = context;
    http_exchange *exchange = *exchange_context;
    if (exchange == NULL) return MHD_NO;
    pthread_mutex_lock(&exchange->lock);
    http_exchange_state state = exchange->state;
    pthread_mutex_unlock(&exchange->lock);
    switch (state) {
    case EXCHANGE_RECEIVING:
        if (!exchange->has_head) {
            exchange->has_head = true;
            if (is_ambiguous(connection, version) || is_cut(exchange, version)) return refuse(connection);
            set_deadline(listener, connection, listener->limits.idle_seconds);
            exchange->is_too_large = says_too_much(listener, connection);
            // Not read to its end: the connection is closed after the answer.
            return exchange->is_too_large ? hand_over(listener, exchange, connection, method) : MHD_YES;
        }
        if (*upload_size > 0) {
            bool is_taken = http_exchange_take(exchange, upload, *upload_size);
            *upload_size = 0;
            return is_taken ? MHD_YES : MHD_NO;
        }
        return hand_over(listener, exchange, connection, method);
    case EXCHANGE_ANSWERED: return http_exchange_send(exchange);
    case EXCHANGE_WAITING:
    case EXCHANGE_SENDING:
    case EXCHANGE_OVER: return MHD_YES;
    }
    return MHD_NO;
}

static void request_completed(
    void *context, struct MHD_Connection *connection, void **exchange_context,
    enum MHD_RequestTerminationCode reason
) {
    (void)reason;
    http_listener *listener = context;
    if (*exchange_context != NULL) http_exchange_complete(*exchange_context);
    *exchange_context = NULL;
    set_deadline(listener, connection, listener->limits.idle_seconds);
}

// MARK: Life

http_listener *http_listener_start(
    int socket, http_listener_limits limits, void *context, http_listener_receive receive
) {
    http_listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL) return NULL;
    pthread_mutex_init(&listener->lock, NULL);
    listener->limits = limits;
    listener->context = context;
    listener->receive = receive;
    listener->is_driven = MHD_is_feature_supported(MHD_FEATURE_EPOLL) == MHD_YES;
    unsigned kind = listener->is_driven ? MHD_USE_EPOLL : MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD;
    // Signals are for other threads.
    sigset_t all, former;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &former);
    listener->daemon = MHD_start_daemon(
        kind | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, handle, listener,
        MHD_OPTION_LISTEN_SOCKET, socket, MHD_OPTION_URI_LOG_CALLBACK, request_began, listener,
        MHD_OPTION_NOTIFY_COMPLETED, request_completed, listener, MHD_OPTION_NOTIFY_CONNECTION, connection_changed,
        listener, MHD_OPTION_CONNECTION_LIMIT, limits.connections, MHD_OPTION_CONNECTION_TIMEOUT, limits.idle_seconds,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, limits.connection_bytes, MHD_OPTION_END);
    pthread_sigmask(SIG_SETMASK, &former, NULL);
    if (listener->daemon == NULL) {
        pthread_mutex_destroy(&listener->lock);
        free(listener);
        return NULL;
    }
    return listener;
}

int http_listener_descriptor(http_listener *listener) {
    if (!listener->is_driven) return -1;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(listener->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    return info == NULL ? -1 : info->epoll_fd;
}

bool http_listener_work(http_listener *listener) {
    if (!listener->is_driven || listener->is_working) return false;
    listener->is_working = true;
    MHD_run(listener->daemon);
    listener->is_working = false;
    MHD_UNSIGNED_LONG_LONG milliseconds;
    return MHD_get_timeout(listener->daemon, &milliseconds) == MHD_YES && milliseconds == 0;
}

void http_listener_stop(http_listener *listener) {
    // libmicrohttpd ends the process when it is stopped while a connection is suspended.
    pthread_mutex_lock(&listener->lock);
    listener->is_stopping = true;
    for (http_exchange *exchange = listener->exchanges; exchange != NULL; exchange = exchange->next) {
        http_exchange_abandon(exchange);
    }
    pthread_mutex_unlock(&listener->lock);
    // The answers go out, unless nobody reads them.
    for (int turn = 0; turn < 50; turn++) {
        http_listener_work(listener);
        pthread_mutex_lock(&listener->lock);
        bool is_done = listener->exchanges == NULL;
        pthread_mutex_unlock(&listener->lock);
        if (is_done) break;
        nanosleep(&(struct timespec){0, 10 * 1000 * 1000}, NULL);
    }
    MHD_stop_daemon(listener->daemon);
    pthread_mutex_destroy(&listener->lock);
    free(listener);
}

#else

bool http_listener_is_built(void) { return false; }

http_listener *http_listener_start(
    int socket, http_listener_limits limits, void *context, http_listener_receive receive
) {
    (void)socket;
    (void)limits;
    (void)context;
    (void)receive;
    return NULL;
}

int http_listener_descriptor(http_listener *listener) {
    (void)listener;
    return -1;
}

bool http_listener_work(http_listener *listener) {
    (void)listener;
    return false;
}

void http_listener_reap(http_listener *listener) { (void)listener; }

unsigned http_listener_connections(http_listener *listener) {
    (void)listener;
    return 0;
}

void http_listener_stop(http_listener *listener) { (void)listener; }

void http_exchange_respond(
    http_exchange *exchange, unsigned status, const http_field *fields, size_t field_count, const uint8_t *body,
    size_t body_length
) {
    (void)exchange, (void)status, (void)fields, (void)field_count, (void)body, (void)body_length;
}

void http_exchange_respond_without_body(
    http_exchange *exchange, unsigned status, const http_field *fields, size_t field_count, int64_t length
) {
    (void)exchange, (void)status, (void)fields, (void)field_count, (void)length;
}

void http_exchange_begin(http_exchange *exchange, unsigned status, const http_field *fields, size_t field_count) {
    (void)exchange, (void)status, (void)fields, (void)field_count;
}

bool http_exchange_write(http_exchange *exchange, const uint8_t *bytes, size_t length) {
    (void)exchange, (void)bytes, (void)length;
    return false;
}

void http_exchange_end(http_exchange *exchange) { (void)exchange; }

#endif
