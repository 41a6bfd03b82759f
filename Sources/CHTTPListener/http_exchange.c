#ifdef HTTP_LISTENER

#include "http_exchange.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

// MARK: Life

http_exchange *http_exchange_create(http_listener *listener, struct MHD_Connection *connection, const char *target) {
    http_exchange *exchange = calloc(1, sizeof *exchange);
    if (exchange == NULL) return NULL;
    exchange->target = strdup(target);
    if (exchange->target == NULL) {
        free(exchange);
        return NULL;
    }
    exchange->line_end = target + strlen(target);
    pthread_mutex_init(&exchange->lock, NULL);
    exchange->listener = listener;
    exchange->connection = connection;
    exchange->pending_most = listener->limits.stream_bytes;
    exchange->owners = 1;
    pthread_mutex_lock(&listener->lock);
    exchange->next = listener->exchanges;
    if (exchange->next != NULL) exchange->next->previous = exchange;
    listener->exchanges = exchange;
    pthread_mutex_unlock(&listener->lock);
    return exchange;
}

/// Gives up one of the two that own it. Its lock is held, and released.
static void give_up(http_exchange *exchange) {
    bool is_last = --exchange->owners == 0;
    pthread_mutex_unlock(&exchange->lock);
    if (!is_last) return;
    pthread_mutex_destroy(&exchange->lock);
    free(exchange->target);
    free(exchange->body);
    free(exchange->pending);
    free(exchange);
}

void http_exchange_complete(http_exchange *exchange) {
    http_listener *listener = exchange->listener;
    pthread_mutex_lock(&listener->lock);
    if (exchange->previous != NULL) exchange->previous->next = exchange->next;
    if (exchange->next != NULL) exchange->next->previous = exchange->previous;
    if (listener->exchanges == exchange) listener->exchanges = exchange->next;
    pthread_mutex_unlock(&listener->lock);

    pthread_mutex_lock(&exchange->lock);
    exchange->state = EXCHANGE_OVER;
    exchange->connection = NULL;
    // One that was never queued.
    if (exchange->response != NULL) MHD_destroy_response(exchange->response);
    exchange->response = NULL;
    give_up(exchange);
}

// MARK: The request

bool http_exchange_take(http_exchange *exchange, const char *bytes, size_t length) {
    size_t most = exchange->listener->limits.body_bytes;
    if (exchange->is_too_large || length > most - exchange->body_length) {
        exchange->is_too_large = true;
        return true;
    }
    size_t needed = exchange->body_length + length;
    if (needed > exchange->body_capacity) {
        size_t capacity = 2 * exchange->body_capacity;
        if (capacity < needed) capacity = needed;
        uint8_t *grown = realloc(exchange->body, capacity);
        if (grown == NULL) return false;
        exchange->body = grown;
        exchange->body_capacity = capacity;
    }
    memcpy(exchange->body + exchange->body_length, bytes, length);
    exchange->body_length = needed;
    return true;
}

typedef struct collected_fields {
    http_field *fields;
    size_t count;
    size_t capacity;
} collected_fields;

static enum MHD_Result collect(
    void *context, enum MHD_ValueKind kind, const char *name, size_t name_length, const char *value,
    size_t value_length
) {
    (void)kind;
    collected_fields *collected = context;
    if (collected->count == collected->capacity) return MHD_NO;
    collected->fields[collected->count++] = (http_field){{name, name_length}, {value, value_length}};
    return MHD_YES;
}

static void describe_peer(struct MHD_Connection *connection, char *text, size_t size) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    text[0] = 0;
    if (info == NULL || info->client_addr == NULL) return;
    const struct sockaddr *address = info->client_addr;
    if (address->sa_family == AF_INET) {
        inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, text, (socklen_t)size);
    } else if (address->sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, text, (socklen_t)size);
    }
}

void http_exchange_hand_over(http_exchange *exchange, const char *method) {
    http_listener *listener = exchange->listener;
    int count = MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, NULL, NULL);
    collected_fields collected = {calloc(count > 0 ? (size_t)count : 1, sizeof(http_field)), 0, (size_t)count};
    http_request request = {
        .method = {method, strlen(method)},
        .target = {exchange->target, strlen(exchange->target)},
        .is_too_large = exchange->is_too_large,
    };
    if (collected.fields != NULL) {
        MHD_get_connection_values_n(exchange->connection, MHD_HEADER_KIND, collect, &collected);
    }
    request.fields = collected.fields;
    request.field_count = collected.count;
    if (!exchange->is_too_large) {
        request.body = exchange->body;
        request.body_length = exchange->body_length;
    }
    describe_peer(exchange->connection, request.peer, sizeof request.peer);
    pthread_mutex_lock(&exchange->lock);
    exchange->owners = 2;
    pthread_mutex_unlock(&exchange->lock);
    listener->receive(listener->context, exchange, &request);
    free(collected.fields);
}

// MARK: The answer

/// Adds the fields of an answer. libmicrohttpd refuses one with a line end in it.
static void add_fields(struct MHD_Response *response, const http_field *fields, size_t count) {
    for (size_t index = 0; index < count; index++) {
        char *name = strndup(fields[index].name.bytes, fields[index].name.length);
        char *value = strndup(fields[index].value.bytes, fields[index].value.length);
        if (name != NULL && value != NULL) MHD_add_response_header(response, name, value);
        free(name);
        free(value);
    }
}

/// Lets the connection go on with this response, which it takes over. The exchange's lock is held.
static void answer(http_exchange *exchange, unsigned status, struct MHD_Response *response) {
    if (exchange->state != EXCHANGE_WAITING) {
        if (response != NULL) MHD_destroy_response(response);
        return;
    }
    exchange->response = response;
    exchange->status = status;
    exchange->state = EXCHANGE_ANSWERED;
    MHD_resume_connection(exchange->connection);
}

void http_exchange_respond(
    http_exchange *exchange, unsigned status, const http_field *fields, size_t field_count, const uint8_t *body,
    size_t body_length
) {
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body_length, (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);
    if (response != NULL) add_fields(response, fields, field_count);
    pthread_mutex_lock(&exchange->lock);
    answer(exchange, status, response);
    give_up(exchange);
}

/// The body of an answer that has none: libmicrohttpd does not ask for it, and if it does, the connection is closed.
static ssize_t read_nothing(void *context, uint64_t position, char *buffer, size_t most) {
    (void)context, (void)position, (void)buffer, (void)most;
    return MHD_CONTENT_READER_END_WITH_ERROR;
}

void http_exchange_respond_without_body(
    http_exchange *exchange, unsigned status, const http_field *fields, size_t field_count, int64_t length
) {
    struct MHD_Response *response = MHD_create_response_from_callback(
        length < 0 ? MHD_SIZE_UNKNOWN : (uint64_t)length, 1, read_nothing, NULL, NULL);
    // Otherwise libmicrohttpd 0.9 ends a body of chunks that is not there: the client would take that for the next answer.
    if (response != NULL && length < 0) {
        MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
    }
    if (response != NULL) add_fields(response, fields, field_count);
    pthread_mutex_lock(&exchange->lock);
    answer(exchange, status, response);
    give_up(exchange);
}

/// What libmicrohttpd asks for more of a stream.
static ssize_t read_stream(void *context, uint64_t position, char *buffer, size_t most) {
    (void)position;
    http_exchange *exchange = context;
    ssize_t count = 0;
    pthread_mutex_lock(&exchange->lock);
    if (exchange->pending_length > 0) {
        size_t taken = exchange->pending_length < most ? exchange->pending_length : most;
        memcpy(buffer, exchange->pending, taken);
        exchange->pending_length -= taken;
        memmove(exchange->pending, exchange->pending + taken, exchange->pending_length);
        count = (ssize_t)taken;
    } else if (exchange->has_ended) {
        count = MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        exchange->is_suspended = true;
        MHD_suspend_connection(exchange->connection);
    }
    pthread_mutex_unlock(&exchange->lock);
    return count;
}

/// Lets a stream's connection go on, if it waits for more. The exchange's lock is held.
static void wake(http_exchange *exchange) {
    if (!exchange->is_suspended || exchange->connection == NULL) return;
    exchange->is_suspended = false;
    MHD_resume_connection(exchange->connection);
}

void http_exchange_begin(
    http_exchange *exchange, unsigned status, const http_field *fields, size_t field_count
) {
    // The connection, and so the response, is over before the exchange is.
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, read_stream, exchange, NULL);
    if (response != NULL) add_fields(response, fields, field_count);
    pthread_mutex_lock(&exchange->lock);
    exchange->is_stream = true;
    answer(exchange, status, response);
    pthread_mutex_unlock(&exchange->lock);
}

bool http_exchange_write(http_exchange *exchange, const uint8_t *bytes, size_t length) {
    bool is_taken = false;
    pthread_mutex_lock(&exchange->lock);
    bool has_room = length <= exchange->pending_most - exchange->pending_length;
    if (exchange->state != EXCHANGE_OVER && !exchange->has_ended && has_room) {
        // Never of no length, which would free it.
        uint8_t *grown = realloc(exchange->pending, exchange->pending_length + length + 1);
        if (grown != NULL) {
            exchange->pending = grown;
            memcpy(grown + exchange->pending_length, bytes, length);
            exchange->pending_length += length;
            is_taken = true;
            wake(exchange);
        }
    }
    pthread_mutex_unlock(&exchange->lock);
    return is_taken;
}

void http_exchange_end(http_exchange *exchange) {
    pthread_mutex_lock(&exchange->lock);
    exchange->has_ended = true;
    wake(exchange);
    give_up(exchange);
}

void http_exchange_abandon(http_exchange *exchange) {
    pthread_mutex_lock(&exchange->lock);
    exchange->has_ended = true;
    answer(exchange, MHD_HTTP_SERVICE_UNAVAILABLE, NULL);
    wake(exchange);
    pthread_mutex_unlock(&exchange->lock);
}

enum MHD_Result http_exchange_send(http_exchange *exchange) {
    pthread_mutex_lock(&exchange->lock);
    struct MHD_Response *response = exchange->response;
    unsigned status = exchange->status;
    exchange->response = NULL;
    exchange->state = EXCHANGE_SENDING;
    pthread_mutex_unlock(&exchange->lock);
    if (response == NULL) {
        status = MHD_HTTP_SERVICE_UNAVAILABLE;
        response = MHD_create_response_from_buffer(0, "", MHD_RESPMEM_PERSISTENT);
        if (response == NULL) return MHD_NO;
    }
    enum MHD_Result result = MHD_queue_response(exchange->connection, status, response);
    MHD_destroy_response(response);
    return result;
}

#endif
