#include "name_lookup.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

typedef struct lookup {
    name_lookup_done done;
    void *context;
    uint16_t port;
    char host[];
} lookup;

static struct addrinfo *resolve(const char *host, uint16_t port, int flags, int *error) {
    char service[6];
    snprintf(service, sizeof(service), "%u", (unsigned)port);
    struct addrinfo hints;
    memset(&hints, 0, sizeof(hints));
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags | AI_NUMERICSERV;
    struct addrinfo *found = NULL;
    *error = getaddrinfo(host, service, &hints, &found);
    return *error ? NULL : found;
}

struct addrinfo *name_lookup_numeric(const char *host, uint16_t port) {
    int error;
    return resolve(host, port, AI_NUMERICHOST, &error);
}

static void *run_lookup(void *argument) {
    lookup *request = argument;
    int error;
    struct addrinfo *found = resolve(request->host, request->port, 0, &error);
    request->done(request->context, found, error);
    free(request);
    return NULL;
}

int name_lookup_start(const char *host, uint16_t port, name_lookup_done done, void *context) {
    size_t length = strlen(host) + 1;
    lookup *request = malloc(sizeof(*request) + length);
    if (!request) {
        return ENOMEM;
    }
    request->done = done;
    request->context = context;
    request->port = port;
    memcpy(request->host, host, length);

    sigset_t all, previous;
    sigfillset(&all);
    pthread_attr_t attributes;
    int failure = pthread_attr_init(&attributes);
    if (!failure) {
        pthread_t thread;
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        pthread_sigmask(SIG_SETMASK, &all, &previous);
        failure = pthread_create(&thread, &attributes, run_lookup, request);
        pthread_sigmask(SIG_SETMASK, &previous, NULL);
        pthread_attr_destroy(&attributes);
    }
    if (failure) {
        free(request);
    }
    return failure;
}
