// The baseline of the benchmarks: a plain C client that sends prepared commands through hiredis' blocking API, deeply
// pipelined, and does nothing else.

#ifndef PLAIN_PIPELINE_H
#define PLAIN_PIPELINE_H

#include <stddef.h>

/// One command. The caller owns all of it, and keeps it until the run is over.
typedef struct plain_command {
    int count;
    const char *const *arguments;
    const size_t *lengths;
} plain_command;

/// Where the server listens: on a Unix socket, or if `socket_path` is NULL on a port of 127.0.0.1.
typedef struct plain_address {
    const char *socket_path;
    int port;
} plain_address;

/// Sends the commands in groups of `group_size` and reads every reply. Up to `groups_in_flight` groups are on their way at the
/// same time: with 1 each group is answered before the next one is sent, with 2 and more the server never waits for this
/// side.
///
/// Blocks until the last reply has come. Returns the number of replies that were errors, or -1 if the connection failed.
int plain_pipeline_run(
    plain_address address, const plain_command *commands, size_t count, size_t group_size, size_t groups_in_flight);

#endif
