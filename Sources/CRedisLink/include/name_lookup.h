#ifndef NAME_LOOKUP_H
#define NAME_LOOKUP_H

#include <netdb.h>
#include <stdint.h>

/// Receives the outcome of a look-up, once, on the look-up's own thread. `error` is 0 or one of getaddrinfo's EAI_
/// codes. The receiver frees `addresses` with freeaddrinfo, unless NULL.
typedef void (*name_lookup_done)(void *context, struct addrinfo *addresses, int error);

/// Parses a numeric IPv4 or IPv6 address (with scope, `fe80::1%eth0`). Never blocks.
///
/// Any thread. NULL when `host` is not a numeric address; otherwise the caller frees the result with freeaddrinfo.
struct addrinfo *name_lookup_numeric(const char *host, uint16_t port);

/// Starts to look up the stream addresses of `host`. getaddrinfo has no asynchronous form and can block for many
/// seconds, so each call gets a thread of its own, which ends by itself and cannot be cancelled.
///
/// Any thread; legal inside a callback; copies `host`. Returns 0, or an errno when no thread could be started: then
/// `done` is never called.
int name_lookup_start(const char *host, uint16_t port, name_lookup_done done, void *context);

#endif
