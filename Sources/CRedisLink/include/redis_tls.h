#ifndef REDIS_TLS_H
#define REDIS_TLS_H

#include "redis_link.h"

/// What links need to speak TLS: certificates to trust, and one to show. It may serve any number of links, and its own
/// reference and theirs keep it.
typedef struct redis_tls redis_tls;

/// What is known of why TLS did not come about; what to do about it depends on it.
typedef enum redis_tls_problem {
    REDIS_TLS_UNEXPLAINED,

    // Files of ours.

    /// The certificates to trust cannot be read.
    REDIS_TLS_TRUST_UNREADABLE,
    /// The certificate to show cannot be read.
    REDIS_TLS_CERTIFICATE_UNREADABLE,
    /// There is a private key and no certificate to show.
    REDIS_TLS_CERTIFICATE_MISSING,
    /// The private key cannot be read.
    REDIS_TLS_KEY_UNREADABLE,
    /// There is no private key in the file.
    REDIS_TLS_KEY_MISSING,
    /// The private key is encrypted, and the password does not open it, or there is none.
    REDIS_TLS_KEY_LOCKED,
    /// The private key is that of another certificate.
    REDIS_TLS_KEY_OF_ANOTHER,

    // The server's certificate.

    /// It does not lead to a certificate that is trusted.
    REDIS_TLS_AUTHORITY_UNKNOWN,
    /// It is for other hosts.
    REDIS_TLS_HOST_MISMATCH,
    /// It, or one that it leads to, has expired.
    REDIS_TLS_EXPIRED,
    /// It, or one that it leads to, is not valid yet.
    REDIS_TLS_NOT_YET_VALID,
    /// It is not to be trusted for another reason.
    REDIS_TLS_UNTRUSTED,

    // What the server did.

    /// It wants a certificate, and was shown none.
    REDIS_TLS_CERTIFICATE_WANTED,
    /// It does not take the certificate that it was shown.
    REDIS_TLS_CERTIFICATE_REFUSED,
    /// It speaks no version of TLS that we do.
    REDIS_TLS_VERSION_REFUSED,
    /// It answered without TLS.
    REDIS_TLS_NOT_SPOKEN,
    /// It answered with TLS where none was asked for.
    REDIS_TLS_SPOKEN,
    /// It closed the connection during the handshake.
    REDIS_TLS_HUNG_UP,
} redis_tls_problem;

/// Why TLS did not come about.
typedef struct redis_tls_failure {
    redis_tls_problem problem;
    /// A sentence part.
    char text[512];
} redis_tls_failure;

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

/// Whether this build has TLS: it was made with the package's trait TLS, where hiredis 1.x has its TLS library.
///
/// Any thread.
bool redis_tls_is_available(void);

/// Reads the certificates. Reading files, it blocks for some milliseconds.
///
/// Any thread. The caller frees the result with `redis_tls_release`. NULL when a file cannot be used, or when the build
/// has no TLS: then `failure` says why.
redis_tls *redis_tls_create(const redis_tls_settings *settings, redis_tls_failure *failure);

/// Gives up the caller's reference. Any thread.
void redis_tls_release(redis_tls *tls);

/// Makes a link that is connecting speak TLS: it reports `REDIS_LINK_CONNECTED` once the server's certificate for `host`,
/// which is copied, has been found good.
///
/// Loop thread only, right after `redis_link_open`. False when memory is short.
bool redis_link_secure(redis_link *link, redis_tls *tls, const char *host);

/// Whether the link is connected and waits for the server's part of the handshake. Loop thread only.
bool redis_link_is_shaking_hands(const redis_link *link);

/// What is known of why a link failed with `REDIS_LINK_INSECURE`. Legal inside a callback.
redis_tls_problem redis_link_tls_problem(const redis_link *link);

/// Whether the server asked for a certificate in the handshake, and there was none to show. Legal inside a callback.
bool redis_link_lacks_certificate(const redis_link *link);

#endif
