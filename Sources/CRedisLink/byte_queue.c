#include "redis_link_internal.h"

#include <stdlib.h>
#include <string.h>

/// A buffer beyond this size is given back to the system when it has run empty.
static const size_t kept_capacity = 256 * 1024;

bool byte_queue_append(byte_queue *queue, const void *bytes, size_t count) {
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

void byte_queue_drop(byte_queue *queue, size_t count) {
    queue->head += count;
    if (queue->head == queue->end) {
        queue->head = queue->end = 0;
        if (queue->capacity > kept_capacity) {
            byte_queue_free(queue);
        }
    }
}

void byte_queue_free(byte_queue *queue) {
    free(queue->bytes);
    memset(queue, 0, sizeof(*queue));
}
