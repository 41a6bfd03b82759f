#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include "redis_link_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

/// The most that hiredis reads at once, and how many such reads one turn of the loop spends on one socket. What is to be sent waits for
/// the end of the turn, so with more of them a server that has answered a long pipeline would have nothing to do until all of it is read.
static const size_t read_bytes = 16 * 1024;
static const int reads_per_turn = 8;

/// How many reads look for the reason why a server hung up.
static const int last_reads = 64;

static void stop_watching(redis_link *link) {
    ev_io_stop(link->loop->ev, &link->readable);
    ev_io_stop(link->loop->ev, &link->writable);
}

static void forget_unwritten(redis_link *link) {
    for (redis_link **place = &link->loop->unwritten; link->is_unwritten && *place; place = &(*place)->next_unwritten) {
        if (*place == link) {
            *place = link->next_unwritten;
            link->is_unwritten = false;
            return;
        }
    }
}

static void free_link(redis_link *link) {
    link->delegate.released(link->delegate.context);
    redisFree(link->context);
    reply_arena_free(link->arena);
    link_tls_free(link->tls);
    byte_queue_free(&link->output);
    free(link);
}

static void report(redis_link *link, redis_link_event event) {
    link->delegate.event(link->delegate.context, event);
}

void redis_link_enter(redis_link *link) {
    link->depth += 1;
}

void redis_link_leave(redis_link *link) {
    link->depth -= 1;
    if (link->depth == 0 && link->state == LINK_CLOSED) {
        free_link(link);
    }
}

void redis_link_fail(redis_link *link, redis_link_failure failure, const char *text) {
    if (link->state == LINK_FAILED || link->state == LINK_CLOSED) {
        return;
    }
    link->state = LINK_FAILED;
    link->failure = failure;
    snprintf(link->reason.text, sizeof(link->reason.text), "%s", text);
    stop_watching(link);
    forget_unwritten(link);
    redis_link_enter(link);
    report(link, REDIS_LINK_FAILED);
    redis_link_leave(link);
}

void redis_link_fail_errno(redis_link *link, redis_link_failure failure, int error_number) {
    char text[128];
    redis_link_fail(link, failure, event_loop_error_text(error_number, text, sizeof(text)));
}

static void fail_tls(redis_link *link, const redis_tls_failure *failure) {
    link->reason.problem = failure->problem;
    redis_link_fail(link, REDIS_LINK_INSECURE, failure->text);
}

void redis_link_fail_context(redis_link *link) {
    redis_link_failure kind = REDIS_LINK_BROKEN;
    redis_tls_failure failure;
    if (link_tls_was_cut(link)) {
        redis_link_fail(link, REDIS_LINK_END_OF_FILE, "Server closed the connection");
        return;
    }
    if (link_tls_explain_failure(link, &failure)) {
        fail_tls(link, &failure);
        return;
    }
    if (link->context->err == REDIS_ERR_EOF) {
        kind = REDIS_LINK_END_OF_FILE;
    } else if (link->context->err == REDIS_ERR_PROTOCOL) {
        kind = REDIS_LINK_MALFORMED;
    }
    redis_link_fail(link, kind, link->context->errstr);
}

static void open_link(redis_link *link) {
    link->state = LINK_OPEN;
    ev_io_start(link->loop->ev, &link->readable);
    report(link, REDIS_LINK_CONNECTED);
}

static void advance_handshake(redis_link *link, bool is_first) {
    redis_tls_failure failure = {REDIS_TLS_UNEXPLAINED, ""};
    link_tls_progress progress = is_first ? link_tls_begin(link, &failure) : link_tls_continue(link, &failure);
    switch (progress) {
    case LINK_TLS_DONE:
        open_link(link);
        break;
    case LINK_TLS_WANTS_READ:
        ev_io_stop(link->loop->ev, &link->writable);
        ev_io_start(link->loop->ev, &link->readable);
        break;
    case LINK_TLS_WANTS_WRITE:
        ev_io_start(link->loop->ev, &link->writable);
        break;
    case LINK_TLS_FAILED:
        fail_tls(link, &failure);
        break;
    }
}

/// A connect in progress ends when the socket becomes writable.
static void finish_connect(redis_link *link) {
    int error_number = 0;
    socklen_t length = sizeof(error_number);
    if (getsockopt(link->context->fd, SOL_SOCKET, SO_ERROR, &error_number, &length) != 0) {
        error_number = errno;
    }
    if (error_number) {
        redis_link_fail_errno(link, REDIS_LINK_REFUSED, error_number);
        return;
    }
    if (link->tls) {
        link->state = LINK_HANDSHAKING;
        advance_handshake(link, true);
    } else {
        open_link(link);
    }
}

static void on_writable(struct ev_loop *ev, ev_io *watcher, int events) {
    (void)ev, (void)events;
    redis_link *link = watcher->data;
    redis_link_enter(link);
    if (link->state == LINK_CONNECTING) {
        finish_connect(link);
    } else if (link->state == LINK_HANDSHAKING) {
        advance_handshake(link, false);
    }
    if (link->state == LINK_OPEN) {
        redis_link_flush(link);
    }
    redis_link_leave(link);
}

/// Whether the first bytes are a TLS alert: the answer of a server with TLS to a plain command.
static bool is_alert(const redis_link *link) {
    const redisReader *reader = link->context->reader;
    return !link->has_read && !link->tls && reader->len >= 2 && reader->buf[0] == 0x15 && reader->buf[1] == 0x03;
}

/// True when there may be more to read: the read filled hiredis' buffer, or TLS delivered a record.
static bool read_once(redis_link *link) {
    size_t before = link->context->reader->len;
    link_tls_forget_errors(link);
    if (redisBufferRead(link->context) != REDIS_OK) {
        // Whatever came before the end has been reported: nothing complete is lost.
        redis_link_fail_context(link);
        return false;
    }
    size_t count = link->context->reader->len - before;
    if (count == 0) {
        return false;
    }
    if (is_alert(link)) {
        link->reason.problem = REDIS_TLS_SPOKEN;
        redis_link_fail(link, REDIS_LINK_INSECURE, "this port speaks TLS");
        return false;
    }
    link->has_read = true;
    report(link, REDIS_LINK_READABLE);
    if (link->state == LINK_OPEN && link->context->reader->err) {
        redis_link_fail(link, REDIS_LINK_MALFORMED,
                        link->context->reader->err == REDIS_ERR_OOM
                            ? "a list of more than 16777216 elements is announced, or memory is short"
                            : link->context->reader->errstr);
    }
    return link->state == LINK_OPEN && (count == read_bytes || link->tls);
}

void redis_link_fail_writing(redis_link *link) {
    redisContext *context = link->context;
    redis_tls_failure failure;
    if (link_tls_explain_failure(link, &failure)) {
        fail_tls(link, &failure);
        return;
    }
    if (context->err == REDIS_ERR_IO) {
        char text[sizeof(context->errstr)];
        memcpy(text, context->errstr, sizeof(text));
        // hiredis does not read after an error.
        context->err = 0;
        for (int count = 0; count < last_reads && read_once(link); count++) {
        }
        if (link->state != LINK_OPEN) {
            return;
        }
        context->err = REDIS_ERR_IO;
        memcpy(context->errstr, text, sizeof(text));
    }
    redis_link_fail_context(link);
}

static void on_readable(struct ev_loop *ev, ev_io *watcher, int events) {
    (void)ev, (void)events;
    redis_link *link = watcher->data;
    redis_link_enter(link);
    if (link->state == LINK_HANDSHAKING) {
        advance_handshake(link, false);
    }
    // Decrypted bytes must be read in this turn: the socket will not report them.
    for (int count = 0; link->state == LINK_OPEN && (count < reads_per_turn || link_tls_has_pending(link)); count++) {
        if (!read_once(link)) {
            break;
        }
    }
    redis_link_leave(link);
}

void *redis_link_next_reply(redis_link *link) {
    void *reply = NULL;
    if (link->has_lent_reply) {
        link->has_lent_reply = false;
        reply_arena_clear(link->arena);
    }
    if (link->state != LINK_OPEN || link->context->reader->err) {
        return NULL;
    }
    // On malformed input the reader keeps its error, which `read_once` reports when the callback has returned.
    if (redisGetReplyFromReader(link->context, &reply) != REDIS_OK) {
        return NULL;
    }
    link->has_lent_reply = reply != NULL;
    return reply;
}

redis_link_failure redis_link_failure_kind(const redis_link *link) {
    return link->failure;
}

const char *redis_link_failure_text(const redis_link *link) {
    return link->reason.text;
}

bool redis_link_is_handshaking(const redis_link *link) {
    return link->state == LINK_HANDSHAKING;
}

redis_tls_problem redis_link_tls_problem(const redis_link *link) {
    return link->reason.problem;
}

void redis_link_close(redis_link *link) {
    if (link->state == LINK_CLOSED) {
        return;
    }
    stop_watching(link);
    forget_unwritten(link);
    redis_link_enter(link);
    link->state = LINK_CLOSED;
    redis_link_leave(link);
}

/// A non-blocking socket that no child process inherits.
static int make_socket(int family) {
    int descriptor = -1;
#ifdef __linux__
    descriptor = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
#else
    descriptor = socket(family, SOCK_STREAM, 0);
    if (descriptor >= 0) {
        fcntl(descriptor, F_SETFD, FD_CLOEXEC);
        fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
    }
#endif
    int on = 1;
    if (descriptor >= 0 && family != AF_UNIX) {
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    }
    return descriptor;
}

redis_link *redis_link_open(
    event_loop *loop, const struct sockaddr *address, socklen_t length, redis_link_delegate delegate,
    int *error_number) {
    int descriptor = make_socket(address->sa_family);
    if (descriptor < 0) {
        *error_number = errno;
        return NULL;
    }
    if (connect(descriptor, address, length) != 0 && errno != EINPROGRESS && errno != EINTR) {
        *error_number = errno;
        close(descriptor);
        return NULL;
    }
    redis_link *link = calloc(1, sizeof(*link));
    reply_arena *arena = link ? reply_arena_new() : NULL;
    redisContext *context = arena ? redisConnectFd(descriptor) : NULL;
    if (!context || context->err) {
        *error_number = ENOMEM;
        if (context) {
            redisFree(context);
        } else {
            close(descriptor);
        }
        reply_arena_free(arena);
        free(link);
        return NULL;
    }
    // hiredis assumes that a descriptor blocks: with this flag, a read without data would be an error.
    context->flags &= ~REDIS_BLOCK;
    link->loop = loop;
    link->delegate = delegate;
    link->context = context;
    link->arena = arena;
    reply_arena_attach(arena, context->reader);
    link->state = LINK_CONNECTING;
    ev_io_init(&link->readable, on_readable, descriptor, EV_READ);
    link->readable.data = link;
    ev_io_init(&link->writable, on_writable, descriptor, EV_WRITE);
    link->writable.data = link;
    ev_io_start(loop->ev, &link->writable);
    return link;
}

redis_link *redis_link_open_unix(
    event_loop *loop, const char *path, redis_link_delegate delegate, int *error_number) {
    struct sockaddr_un address;
    memset(&address, 0, sizeof(address));
    address.sun_family = AF_UNIX;
    if (strlen(path) >= sizeof(address.sun_path)) {
        *error_number = ENAMETOOLONG;
        return NULL;
    }
    strcpy(address.sun_path, path);
    return redis_link_open(loop, (const struct sockaddr *)&address, sizeof(address), delegate, error_number);
}
