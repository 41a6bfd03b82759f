#include "plain_pipeline.h"

#include <hiredis/hiredis.h>

/// Appends commands to hiredis' output and gives it to the system.
static int send_commands(redisContext *context, const plain_command *commands, size_t count) {
    for (size_t index = 0; index < count; index++) {
        const plain_command *command = &commands[index];
        // hiredis writes neither the pointers nor what they point to.
        const char **arguments = (const char **)command->arguments;
        if (redisAppendCommandArgv(context, command->count, arguments, command->lengths) != REDIS_OK) {
            return REDIS_ERR;
        }
    }
    int done = 0;
    while (!done) {
        if (redisBufferWrite(context, &done) != REDIS_OK) {
            return REDIS_ERR;
        }
    }
    return REDIS_OK;
}

/// Adds the errors among the next replies to `errors`.
static int read_replies(redisContext *context, size_t count, int *errors) {
    for (size_t index = 0; index < count; index++) {
        void *reply = NULL;
        if (redisGetReply(context, &reply) != REDIS_OK) {
            return REDIS_ERR;
        }
        *errors += ((redisReply *)reply)->type == REDIS_REPLY_ERROR;
        freeReplyObject(reply);
    }
    return REDIS_OK;
}

int plain_pipeline_run(
    plain_address address, const plain_command *commands, size_t count, size_t group_size, size_t groups_in_flight) {
    redisContext *context =
        address.socket_path ? redisConnectUnix(address.socket_path) : redisConnect("127.0.0.1", address.port);
    if (!context || context->err) {
        redisFree(context);
        return -1;
    }
    int errors = 0;
    int status = REDIS_OK;
    size_t sent = 0, received = 0;
    while (received < count && status == REDIS_OK) {
        // The next groups go out before the replies to the first one are read.
        while (sent < count && sent - received < groups_in_flight * group_size && status == REDIS_OK) {
            size_t group = count - sent < group_size ? count - sent : group_size;
            status = send_commands(context, commands + sent, group);
            sent += group;
        }
        size_t group = sent - received < group_size ? sent - received : group_size;
        if (status == REDIS_OK) {
            status = read_replies(context, group, &errors);
        }
        received += group;
    }
    redisFree(context);
    return status == REDIS_OK ? errors : -1;
}
