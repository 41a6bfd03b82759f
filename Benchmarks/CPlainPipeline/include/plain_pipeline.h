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

/// Sends the commands to the server on a Unix socket and reads every reply. At any time between `depth` and twice as many
/// commands are in flight, so that the server never waits for this side.
///
/// Blocks until the last reply has come. Returns the number of replies that were errors, or -1 if the connection failed.
int plain_pipeline_run(const char *socket_path, const plain_command *commands, size_t count, size_t depth);

#endif
