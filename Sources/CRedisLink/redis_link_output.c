#include "redis_link_internal.h"

#include <hiredis/sds.h>

/// What hiredis holds at most at a time, and what one turn of the loop writes to one socket at most.
static const size_t slice_bytes = 128 * 1024;
static const size_t turn_bytes = 2 * 1024 * 1024;

/// Output of this size does not wait for the end of the turn: the server works on it while the turn goes on.
static const size_t early_bytes = 32 * 1024;

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

/// Hands hiredis the next slice when it has written the former one. False when there is nothing to write, or no memory.
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

/// Writes what the socket takes at once. What fails here fails again at the end of the turn, where it can be reported:
/// the caller of an append must not lose its link under its feet.
static void write_early(redis_link *link) {
    int done = 1;
    while (done && fill_context(link) && write_context(link, &done) == REDIS_OK) {
    }
    if (!done) {
        // The socket is full: no further append of this turn tries it.
        ev_io_start(link->loop->ev, &link->writable);
    }
}

bool redis_link_append(redis_link *link, const void *bytes, size_t count) {
    if (link->state == LINK_FAILED || link->state == LINK_CLOSED) {
        return false;
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
    // A callback may close any link, which takes itself out of the list: so always from its head.
    while (loop->unwritten) {
        redis_link *link = loop->unwritten;
        loop->unwritten = link->next_unwritten;
        link->is_unwritten = false;
        redis_link_enter(link);
        redis_link_flush(link);
        redis_link_leave(link);
    }
}
