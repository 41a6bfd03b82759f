#ifndef REDIS_TLS_H
#define REDIS_TLS_H

#include "redis_link.h"

/// What links need to speak TLS: certificates to trust, and one to show. It may serve any number of links, and its own
/// reference and theirs keep it.
typedef struct redis_tls redis_tls;

/// How certificates are checked; the texts are borrowed for the time of the call, and each may be NULL.
typedef struct redis_tls_settings {
    /// Certificates to trust, in PEM: a file, and a folder of files named by hash. With neither, the system's.
    const char *trusted_file;
    const char *trusted_folder;
    /// The certificate to show, with those of its issuers behind it, and its private key; in PEM. Without a key's file
    /// the key stands in the certificate's.
    const char *certificate_file;
    const char *key_file;
    const char *key_password;
    /// Whether the server's certificate must lead to a trusted one.
    bool verifies;
    /// Whether it must be for the host that the link was opened for.
    bool checks_host;
    /// The oldest version to speak, as a TLS number such as 0x0303.
    int minimum_version;
} redis_tls_settings;

/// Whether this build has TLS: it was made where hiredis 1.x has its TLS library and OpenSSL's headers are.
///
/// Any thread.
bool redis_tls_is_available(void);

/// Reads the certificates. Reading files, it blocks for some milliseconds.
///
/// Any thread. The caller frees the result with `redis_tls_release`. NULL when a file cannot be used, or when the build
/// has no TLS: then `reason`, of `size` bytes, says why.
redis_tls *redis_tls_create(const redis_tls_settings *settings, char *reason, size_t size);

/// Gives up the caller's reference. Any thread.
void redis_tls_release(redis_tls *tls);

/// Makes a link that is connecting speak TLS: it reports `REDIS_LINK_CONNECTED` once the server's certificate for `host`,
/// which is copied, has been found good.
///
/// Loop thread only, right after `redis_link_open`. False when memory is short.
bool redis_link_secure(redis_link *link, redis_tls *tls, const char *host);

#endif
