#include "reply_arena.h"

#include <hiredis/hiredis.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/// The size of a block. A part of more than a quarter of it gets a block of its own.
static const size_t block_bytes = 32 * 1024;

/// A list that announces more is treated as damage: its array of pointers alone would take 128 MiB, before any element
/// came.
static const size_t most_elements = 16 * 1024 * 1024;

typedef struct arena_block {
    struct arena_block *next;
    size_t used;
    max_align_t bytes[];
} arena_block;

struct reply_arena {
    /// The block from which parts are taken, followed by the full ones.
    arena_block *blocks;
    /// Blocks with a single part each.
    arena_block *large;
};

static arena_block *add_block(arena_block **list, size_t bytes) {
    if (bytes > SIZE_MAX - sizeof(arena_block)) {
        return NULL;
    }
    // The system zeroes it lazily: a server may announce more elements than it ever sends.
    arena_block *block = calloc(1, sizeof(arena_block) + bytes);
    if (block) {
        block->next = *list;
        *list = block;
    }
    return block;
}

static void free_blocks(arena_block **list) {
    while (*list) {
        arena_block *next = (*list)->next;
        free(*list);
        *list = next;
    }
}

/// Bytes for one part, aligned for every type. Only those of a large part are zeroed.
static void *take(reply_arena *arena, size_t bytes) {
    if (bytes > block_bytes / 4) {
        arena_block *block = add_block(&arena->large, bytes);
        return block ? block->bytes : NULL;
    }
    size_t aligned = (bytes + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    if (!arena->blocks || block_bytes - arena->blocks->used < aligned) {
        if (!add_block(&arena->blocks, block_bytes)) {
            return NULL;
        }
    }
    void *part = (char *)arena->blocks->bytes + arena->blocks->used;
    arena->blocks->used += aligned;
    return part;
}

static void *take_zeroed(reply_arena *arena, size_t bytes) {
    void *part = take(arena, bytes);
    if (part && bytes <= block_bytes / 4) {
        memset(part, 0, bytes);
    }
    return part;
}

static redisReply *add_reply(const redisReadTask *task, size_t bytes_behind) {
    if (bytes_behind > SIZE_MAX / 2) {
        return NULL;
    }
    redisReply *reply = take(task->privdata, sizeof(redisReply) + bytes_behind);
    if (!reply) {
        return NULL;
    }
    memset(reply, 0, sizeof(*reply));
    reply->type = task->type;
    if (task->parent) {
        redisReply *parent = task->parent->obj;
        parent->element[task->idx] = reply;
    }
    return reply;
}

static void *add_text(const redisReadTask *task, const char *text, size_t length) {
    redisReply *reply = add_reply(task, length + 1);
    if (reply) {
        reply->str = (char *)(reply + 1);
        memcpy(reply->str, text, length);
        reply->str[length] = '\0';
        reply->len = length;
    }
    return reply;
}

static void *create_string(const redisReadTask *task, char *text, size_t length) {
#if HIREDIS_MAJOR >= 1
    if (task->type == REDIS_REPLY_VERB && length >= 4) {
        // A prefix such as `txt:` says what kind of text it is.
        redisReply *reply = add_text(task, text + 4, length - 4);
        if (reply) {
            memcpy(reply->vtype, text, 3);
        }
        return reply;
    }
#endif
    return add_text(task, text, length);
}

static void *create_list(const redisReadTask *task, size_t count) {
    if (count > most_elements) {
        return NULL;
    }
    redisReply *reply = add_reply(task, 0);
    if (reply && count > 0) {
        reply->element = take_zeroed(task->privdata, count * sizeof(redisReply *));
        if (!reply->element) {
            return NULL;
        }
    }
    if (reply) {
        reply->elements = count;
    }
    return reply;
}

static void *create_integer(const redisReadTask *task, long long number) {
    redisReply *reply = add_reply(task, 0);
    if (reply) {
        reply->integer = number;
    }
    return reply;
}

static void *create_nil(const redisReadTask *task) {
    redisReply *reply = add_reply(task, 0);
    if (reply) {
        // The task's type is that of a string or list, whose place the nil takes.
        reply->type = REDIS_REPLY_NIL;
    }
    return reply;
}

/// The arena frees all its parts together.
static void keep(void *reply) {
    (void)reply;
}

#if HIREDIS_MAJOR >= 1
static void *create_double(const redisReadTask *task, double number, char *text, size_t length) {
    redisReply *reply = add_text(task, text, length);
    if (reply) {
        reply->dval = number;
    }
    return reply;
}

static void *create_bool(const redisReadTask *task, int truth) {
    return create_integer(task, truth != 0);
}

static redisReplyObjectFunctions functions = {
    .createString = create_string,
    .createArray = create_list,
    .createInteger = create_integer,
    .createDouble = create_double,
    .createNil = create_nil,
    .createBool = create_bool,
    .freeObject = keep,
};
#else
static void *create_array(const redisReadTask *task, int count) {
    return create_list(task, (size_t)count);
}

static redisReplyObjectFunctions functions = {
    .createString = create_string,
    .createArray = create_array,
    .createInteger = create_integer,
    .createNil = create_nil,
    .freeObject = keep,
};
#endif

reply_arena *reply_arena_new(void) {
    return calloc(1, sizeof(reply_arena));
}

void reply_arena_attach(reply_arena *arena, void *reader) {
    redisReader *attached = reader;
    attached->fn = &functions;
    attached->privdata = arena;
}

void reply_arena_clear(reply_arena *arena) {
    free_blocks(&arena->large);
    if (arena->blocks) {
        free_blocks(&arena->blocks->next);
        arena->blocks->used = 0;
    }
}

void reply_arena_free(reply_arena *arena) {
    if (arena) {
        free_blocks(&arena->large);
        free_blocks(&arena->blocks);
        free(arena);
    }
}
