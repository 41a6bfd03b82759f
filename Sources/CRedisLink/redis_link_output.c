#include "redis_link_internal.h"

#include <hiredis/sds.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/// The most that hiredis holds at a time, and the most that one turn of the loop writes to one socket.
static const size_t slice_bytes = 128 * 1024;
static const size_t turn_bytes = 2 * 1024 * 1024;

/// Output of this size does not wait for the end of the turn: the server can start on it meanwhile.
static const size_t early_bytes = 32 * 1024;

/// An empty buffer beyond this size is given back to the system.
static const size_t kept_capacity = 256 * 1024;

static bool byte_queue_append(byte_queue *queue, const void *bytes, size_t count) {
    size_t held = queue->end - queue->head;
    if (count > SIZE_MAX / 2 - held) {
        return false;
    }
    if (queue->capacity - queue->end < count) {
        // Moving happens only when at least half of the buffer is free at its front: linear in what is appended.
        if (held + count <= queue->capacity && queue->head >= queue->capacity / 2) {
            memmove(queue->bytes, queue->bytes + queue->head, held);
        } else {
            size_t capacity = queue->capacity ? queue->capacity : 4096;
            while (capacity < held + count) {
                capacity *= 2;
            }
            // One half free after growth, or the next append would grow again.
            if (capacity == queue->capacity) {
                capacity *= 2;
            }
            char *grown = malloc(capacity);
            if (!grown) {
                return false;
            }
            if (held) {
                memcpy(grown, queue->bytes + queue->head, held);
            }
            free(queue->bytes);
            queue->bytes = grown;
            queue->capacity = capacity;
        }
        queue->head = 0;
        queue->end = held;
    }
    memcpy(queue->bytes + queue->end, bytes, count);
    queue->end += count;
    return true;
}

void byte_queue_free(byte_queue *queue) {
    free(queue->bytes);
    memset(queue, 0, sizeof(*queue));
}

static void byte_queue_drop(byte_queue *queue, size_t count) {
    queue->head += count;
    if (queue->head == queue->end) {
        queue->head = queue->end = 0;
        if (queue->capacity > kept_capacity) {
            byte_queue_free(queue);
        }
    }
}

static size_t in_context(const redis_link *link) {
    return link->context->obuf ? sdslen(link->context->obuf) : 0;
}

size_t redis_link_unwritten_bytes(const redis_link *link) {
    return in_context(link) + (link->output.end - link->output.head);
}

static void add_unwritten(redis_link *link) {
    if (!link->is_unwritten) {
        link->is_unwritten = true;
        link->next_unwritten = link->loop->unwritten;
        link->loop->unwritten = link;
    }
}

/// Gives hiredis the next slice when it has written the former one. False when nothing is left or memory is short.
static bool fill_context(redis_link *link) {
    if (in_context(link) > 0) {
        return true;
    }
    size_t queued = link->output.end - link->output.head;
    if (queued == 0) {
        return false;
    }
    size_t slice = queued < slice_bytes ? queued : slice_bytes;
    if (redisAppendFormattedCommand(link->context, link->output.bytes + link->output.head, slice) != REDIS_OK) {
        return false;
    }
    byte_queue_drop(&link->output, slice);
    return true;
}

static int write_context(redis_link *link, int *done) {
    link_tls_forget_errors(link);
    return redisBufferWrite(link->context, done);
}

/// Writes what the socket takes now. A failure is not reported here, because the caller of an append must not lose its
/// link during the call: it happens again at the end of the turn.
static void write_early(redis_link *link) {
    int done = 1;
    while (done && fill_context(link) && write_context(link, &done) == REDIS_OK) {
    }
    if (!done) {
        // The socket is full: no further append of this turn tries it.
        ev_io_start(link->loop->ev, &link->writable);
    }
}

/// Writes the first of these bytes to the socket, if they are worth a call of their own and nothing waits before them: so they are
/// copied by the system alone. Returns how many it took. A failure is met again with the rest.
static size_t write_through(redis_link *link, const void *bytes, size_t count) {
    if (count < early_bytes || link->state != LINK_OPEN || link->tls || redis_link_unwritten_bytes(link) > 0) {
        return 0;
    }
    ssize_t written = send(link->context->fd, bytes, count, 0);
    return written > 0 ? (size_t)written : 0;
}

bool redis_link_append(redis_link *link, const void *bytes, size_t count) {
    if (link->state == LINK_FAILED || link->state == LINK_CLOSED) {
        return false;
    }
    size_t through = write_through(link, bytes, count);
    bytes = (const char *)bytes + through;
    count -= through;
    if (count == 0) {
        return true;
    }
    size_t queued = link->output.end - link->output.head;
    if (queued == 0 && in_context(link) + count <= slice_bytes) {
        if (redisAppendFormattedCommand(link->context, bytes, count) != REDIS_OK) {
            return false;
        }
    } else if (!byte_queue_append(&link->output, bytes, count)) {
        return false;
    }
    if (link->state == LINK_OPEN && !ev_is_active(&link->writable)) {
        add_unwritten(link);
        if (redis_link_unwritten_bytes(link) >= early_bytes) {
            write_early(link);
        }
    }
    return true;
}

void redis_link_flush(redis_link *link) {
    size_t written = 0;
    while (link->state == LINK_OPEN && redis_link_unwritten_bytes(link) > 0) {
        if (!fill_context(link)) {
            redis_link_fail(link, REDIS_LINK_BROKEN, "out of memory");
            return;
        }
        size_t before = in_context(link);
        int done = 0;
        if (write_context(link, &done) != REDIS_OK) {
            redis_link_fail_writing(link);
            return;
        }
        written += before - in_context(link);
        if (!done || written >= turn_bytes) {
            ev_io_start(link->loop->ev, &link->writable);
            return;
        }
    }
    ev_io_stop(link->loop->ev, &link->writable);
}

void redis_link_write_all(event_loop *loop) {
    // A callback may close any link, which then leaves the list: so always take the head.
    while (loop->unwritten) {
        redis_link *link = loop->unwritten;
        loop->unwritten = link->next_unwritten;
        link->is_unwritten = false;
        redis_link_enter(link);
        redis_link_flush(link);
        redis_link_leave(link);
    }
}
