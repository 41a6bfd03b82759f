#ifndef REDIS_TLS_H
#define REDIS_TLS_H

#include "redis_link.h"

/// What links need for TLS: certificates to trust, and one to present. It may serve any number of links, and lives as
/// long as the caller's reference or one of theirs.
typedef struct redis_tls redis_tls;

/// Why TLS failed, as far as known; the remedy depends on it.
typedef enum redis_tls_problem {
    REDIS_TLS_UNEXPLAINED,

    // Our files.

    /// The certificates to trust cannot be read.
    REDIS_TLS_TRUST_UNREADABLE,
    /// The certificate to present cannot be read.
    REDIS_TLS_CERTIFICATE_UNREADABLE,
    /// There is a private key but no certificate to present.
    REDIS_TLS_CERTIFICATE_MISSING,
    /// The private key cannot be read.
    REDIS_TLS_KEY_UNREADABLE,
    /// There is no private key in the file.
    REDIS_TLS_KEY_MISSING,
    /// The private key is encrypted, and the password is wrong or missing.
    REDIS_TLS_KEY_LOCKED,
    /// The private key belongs to another certificate.
    REDIS_TLS_KEY_OF_ANOTHER,

    // The server's certificate.

    /// It does not lead to a trusted certificate.
    REDIS_TLS_AUTHORITY_UNKNOWN,
    /// It is for other hosts.
    REDIS_TLS_HOST_MISMATCH,
    /// It, or one that it leads to, has expired.
    REDIS_TLS_EXPIRED,
    /// It, or one that it leads to, is not valid yet.
    REDIS_TLS_NOT_YET_VALID,
    /// It cannot be trusted for another reason.
    REDIS_TLS_UNTRUSTED,

    // What the server did.

    /// It wants a certificate, and got none.
    REDIS_TLS_CERTIFICATE_WANTED,
    /// It rejects the certificate that it got.
    REDIS_TLS_CERTIFICATE_REFUSED,
    /// We have no version of TLS in common.
    REDIS_TLS_VERSION_REFUSED,
    /// It answered without TLS.
    REDIS_TLS_NOT_SPOKEN,
    /// It answered with TLS to a plain command.
    REDIS_TLS_SPOKEN,
    /// It closed the connection during the handshake.
    REDIS_TLS_HUNG_UP,
} redis_tls_problem;

/// Why TLS failed.
typedef struct redis_tls_failure {
    redis_tls_problem problem;
    /// Part of a sentence.
    char text[512];
} redis_tls_failure;

/// How certificates are checked. The texts are borrowed for the duration of the call, and each may be NULL.
typedef struct redis_tls_settings {
    /// Certificates to trust, in PEM: a file, and a folder of files named by hash. Without either, the system's.
    const char *trusted_file;
    const char *trusted_folder;
    /// The certificate to present, followed by those of its issuers, and its private key; in PEM. Without `key_file`
    /// the key is in the certificate's file.
    const char *certificate_file;
    const char *key_file;
    const char *key_password;
    /// Whether the server's certificate must lead to a trusted one.
    bool verifies;
    /// Whether it must be for the host that the link was opened for.
    bool checks_host;
    /// The oldest version to accept, as a TLS number such as 0x0303.
    int minimum_version;
} redis_tls_settings;

/// Whether this build has TLS: the package's trait TLS was on, with hiredis 1.x and its TLS library.
///
/// Any thread.
bool redis_tls_is_available(void);

/// Reads the certificates from their files, which blocks for some milliseconds.
///
/// Any thread. The caller frees the result with `redis_tls_release`. NULL when a file cannot be used, or when the build
/// has no TLS: then `failure` says why.
redis_tls *redis_tls_create(const redis_tls_settings *settings, redis_tls_failure *failure);

/// Gives up the caller's reference. Any thread.
void redis_tls_release(redis_tls *tls);

/// Makes a connecting link use TLS: it reports `REDIS_LINK_CONNECTED` once the server's certificate for `host`, which
/// is copied, has been verified.
///
/// Loop thread only, right after `redis_link_open`. False when memory is short.
bool redis_link_secure(redis_link *link, redis_tls *tls, const char *host);

/// Whether the link is connected and waits for the server's part of the handshake. Loop thread only.
bool redis_link_is_handshaking(const redis_link *link);

/// Why a link failed with `REDIS_LINK_INSECURE`, as far as known. Legal inside a callback.
redis_tls_problem redis_link_tls_problem(const redis_link *link);

/// Whether the server asked for a certificate in the handshake and we have none. Legal inside a callback.
bool redis_link_lacks_certificate(const redis_link *link);

#endif
