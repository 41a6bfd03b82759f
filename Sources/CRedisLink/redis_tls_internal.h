#ifndef REDIS_TLS_INTERNAL_H
#define REDIS_TLS_INTERNAL_H

#include "redis_link_internal.h"

#if !__has_include(<hiredis/hiredis_ssl.h>) || !__has_include(<openssl/ssl.h>)
#error "the trait TLS needs hiredis 1.x with its TLS library and OpenSSL's headers (Debian 13: libhiredis-dev libssl-dev)"
#endif

#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

struct redis_tls {
    SSL_CTX *context;
    bool verifies;
    bool checks_host;
};

struct link_tls {
    /// A reference that OpenSSL counts, released with the link.
    SSL_CTX *context;
    /// Owned by hiredis' context from the handshake on.
    SSL *session;
    bool verifies;
    bool checks_host;
    /// Whether the server asked for a certificate and we have none.
    bool lacks_certificate;
    /// Which certificate was refused, and why: parts of a sentence, set when one was.
    char refused[320];
    char detail[256];
    char host[];
};

/// redis_tls.c: OpenSSL's text for the first error on its stack; it may be in `number`.
const char *tls_error_text(char *number, size_t size);
/// redis_tls.c: writes `doing subject: OpenSSL's reason`; `subject` may be NULL.
void tls_explain(redis_tls_failure *failure, redis_tls_problem problem, const char *doing, const char *subject);

/// link_tls.c: called when the server asks for a certificate.
int link_tls_note_request(SSL *session, void *context);
/// link_tls.c: called for each certificate of the server's chain: records which one was refused, and decides nothing.
int link_tls_note_verdict(int is_good, X509_STORE_CTX *store);

#endif
