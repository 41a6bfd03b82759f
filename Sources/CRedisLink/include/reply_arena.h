#ifndef REPLY_ARENA_H
#define REPLY_ARENA_H

/// The memory of one reply at a time.
///
/// hiredis allocates each part of a reply separately, two allocations per string, and frees them one by one: 70 and 70
/// for a hash of 17 fields. An arena lays them out one after the other and frees all at once.
///
/// For one thread at a time.
typedef struct reply_arena reply_arena;

/// NULL when memory is short.
reply_arena *reply_arena_new(void);

/// Makes a `redisReader` of hiredis allocate its replies in the arena, which must outlive it. They are `redisReply`s,
/// and must not be passed to `freeReplyObject`.
void reply_arena_attach(reply_arena *arena, void *reader);

/// Frees everything, the last reply included. Not while the reader holds half a reply: only after it returned a whole
/// one.
void reply_arena_clear(reply_arena *arena);

/// Frees the arena. NULL is allowed.
void reply_arena_free(reply_arena *arena);

#endif
