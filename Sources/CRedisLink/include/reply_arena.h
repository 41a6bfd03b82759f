#ifndef REPLY_ARENA_H
#define REPLY_ARENA_H

/// The memory of one reply at a time.
///
/// hiredis allocates each part of a reply on its own, two allocations for each string, and frees them one by one: for a
/// hash of 17 fields that is 70 and 70. From an arena a reader takes them one behind the other, and gives back all at
/// once.
///
/// For one thread at a time.
typedef struct reply_arena reply_arena;

/// NULL when memory is short.
reply_arena *reply_arena_new(void);

/// Lets a `redisReader` of hiredis take its replies from the arena, which must outlive it. They are `redisReply`s, and
/// must not be given to `freeReplyObject`.
void reply_arena_attach(reply_arena *arena, void *reader);

/// Gives back everything, the reply that was read last included. Not while the reader holds half a reply: that is, only
/// when it has given a whole one.
void reply_arena_clear(reply_arena *arena);

/// Frees the arena. NULL is allowed.
void reply_arena_free(reply_arena *arena);

#endif
