#include "redis_link_internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef REDIS_LINK_TLS

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
    /// Counted by OpenSSL: stays until the link is gone.
    SSL_CTX *context;
    /// Owned by hiredis' context from the handshake on.
    SSL *session;
    bool verifies;
    bool checks_host;
    char host[];
};

bool redis_tls_is_available(void) {
    return true;
}

/// `doing: the library's reason`, from the first error that it noted.
static void explain(char *reason, size_t size, const char *doing, const char *subject) {
    unsigned long code = ERR_get_error();
    const char *text = code ? ERR_reason_error_string(code) : NULL;
    char number[32];
    if (!text) {
        // Errors of the system have their number in the lower bits.
        snprintf(number, sizeof(number), "error %lu", code);
        text = code && ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code)) : number;
    }
    snprintf(reason, size, "%s%s%s: %s", doing, subject ? " " : "", subject ? subject : "", text);
    ERR_clear_error();
}

/// Never asks on the terminal, which OpenSSL would do by itself.
static int give_password(char *buffer, int size, int for_writing, void *password) {
    (void)for_writing;
    size_t length = password ? strlen(password) : 0;
    if (length == 0 || length > (size_t)size) {
        return 0;
    }
    memcpy(buffer, password, length);
    return (int)length;
}

static bool trust(SSL_CTX *context, const redis_tls_settings *settings, char *reason, size_t size) {
    if (!settings->verifies) {
        SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
        return true;
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    if (!settings->trusted_file && !settings->trusted_folder) {
        if (SSL_CTX_set_default_verify_paths(context) != 1) {
            explain(reason, size, "cannot read the system's certificates", NULL);
            return false;
        }
        return true;
    }
    if (SSL_CTX_load_verify_locations(context, settings->trusted_file, settings->trusted_folder) != 1) {
        explain(
            reason, size, "cannot read the certificates to trust in",
            settings->trusted_file ? settings->trusted_file : settings->trusted_folder);
        return false;
    }
    return true;
}

static bool introduce(SSL_CTX *context, const redis_tls_settings *settings, char *reason, size_t size) {
    if (!settings->certificate_file) {
        if (settings->key_file) {
            snprintf(reason, size, "there is a private key and no certificate");
        }
        return !settings->key_file;
    }
    const char *key_file = settings->key_file ? settings->key_file : settings->certificate_file;
    if (SSL_CTX_use_certificate_chain_file(context, settings->certificate_file) != 1) {
        explain(reason, size, "cannot read the certificate to show in", settings->certificate_file);
        return false;
    }
    SSL_CTX_set_default_passwd_cb(context, give_password);
    SSL_CTX_set_default_passwd_cb_userdata(context, (void *)settings->key_password);
    int is_read = SSL_CTX_use_PrivateKey_file(context, key_file, SSL_FILETYPE_PEM);
    SSL_CTX_set_default_passwd_cb_userdata(context, NULL);
    if (is_read != 1) {
        explain(reason, size, "cannot read the private key in", key_file);
        return false;
    }
    return true;
}

redis_tls *redis_tls_create(const redis_tls_settings *settings, char *reason, size_t size) {
    ERR_clear_error();
    redis_tls *tls = calloc(1, sizeof(*tls));
    SSL_CTX *context = tls ? SSL_CTX_new(TLS_client_method()) : NULL;
    if (!context) {
        explain(reason, size, "cannot set up TLS", NULL);
        free(tls);
        return NULL;
    }
    SSL_CTX_set_min_proto_version(context, settings->minimum_version);
    // hiredis' output moves when it grows, and takes what was written off its front.
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (!trust(context, settings, reason, size) || !introduce(context, settings, reason, size)) {
        SSL_CTX_free(context);
        free(tls);
        return NULL;
    }
    tls->context = context;
    tls->verifies = settings->verifies;
    tls->checks_host = settings->checks_host;
    return tls;
}

void redis_tls_release(redis_tls *tls) {
    if (tls) {
        SSL_CTX_free(tls->context);
        free(tls);
    }
}

bool redis_link_secure(redis_link *link, redis_tls *tls, const char *host) {
    size_t length = strlen(host) + 1;
    link_tls *secured = calloc(1, sizeof(*secured) + length);
    if (!secured) {
        return false;
    }
    SSL_CTX_up_ref(tls->context);
    secured->context = tls->context;
    secured->verifies = tls->verifies;
    secured->checks_host = tls->checks_host;
    memcpy(secured->host, host, length);
    link->tls = secured;
    return true;
}

void link_tls_free(link_tls *tls) {
    if (tls) {
        SSL_CTX_free(tls->context);
        free(tls);
    }
}

static bool is_address(const char *host) {
    unsigned char bytes[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

/// Tells the session whose certificate is expected, and the server whom we asked for.
static bool name_host(const link_tls *tls, SSL *session) {
    bool is_numeric = is_address(tls->host);
    if (!is_numeric && SSL_set_tlsext_host_name(session, tls->host) != 1) {
        return false;
    }
    if (!tls->verifies || !tls->checks_host) {
        return true;
    }
    if (is_numeric) {
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), tls->host) == 1;
    }
    SSL_set_hostflags(session, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(session, tls->host) == 1;
}

/// Why the handshake failed, in the words of whoever found out.
static void explain_handshake(const link_tls *tls, int error, char *reason, size_t size) {
    long verdict = SSL_get_verify_result(tls->session);
    if (tls->verifies && verdict != X509_V_OK) {
        snprintf(
            reason, size, "the certificate of %s is not to be trusted: %s", tls->host,
            X509_verify_cert_error_string(verdict));
        ERR_clear_error();
        return;
    }
    if (error == SSL_ERROR_SYSCALL || ERR_peek_error() == 0) {
        snprintf(reason, size, "the server hung up during the TLS handshake; does this port speak TLS?");
        ERR_clear_error();
        return;
    }
    // What a server that speaks no TLS answers is no record of it.
    bool is_plain = ERR_GET_REASON(ERR_peek_error()) == SSL_R_WRONG_VERSION_NUMBER;
    explain(reason, size, is_plain ? "this port speaks no TLS" : "the TLS handshake failed", NULL);
}

link_tls_progress link_tls_begin(redis_link *link, char *reason, size_t size) {
    ERR_clear_error();
    SSL *session = SSL_new(link->tls->context);
    if (!session || !name_host(link->tls, session)) {
        SSL_free(session);
        explain(reason, size, "cannot begin TLS with", link->tls->host);
        return LINK_TLS_FAILED;
    }
    link->tls->session = session;
    if (redisInitiateSSL(link->context, session) != REDIS_OK) {
        explain_handshake(link->tls, SSL_ERROR_SSL, reason, size);
        // hiredis takes it over only when all went well.
        SSL_free(session);
        link->tls->session = NULL;
        return LINK_TLS_FAILED;
    }
    return link_tls_continue(link, reason, size);
}

link_tls_progress link_tls_continue(redis_link *link, char *reason, size_t size) {
    ERR_clear_error();
    int outcome = SSL_do_handshake(link->tls->session);
    if (outcome == 1) {
        return LINK_TLS_DONE;
    }
    int error = SSL_get_error(link->tls->session, outcome);
    switch (error) {
    case SSL_ERROR_WANT_READ:
        return LINK_TLS_WANTS_READ;
    case SSL_ERROR_WANT_WRITE:
        return LINK_TLS_WANTS_WRITE;
    default:
        explain_handshake(link->tls, error, reason, size);
        return LINK_TLS_FAILED;
    }
}

bool link_tls_has_pending(const redis_link *link) {
    return link->tls && link->tls->session && SSL_pending(link->tls->session) > 0;
}

bool link_tls_explain_failure(const redis_link *link, char *reason, size_t size) {
    if (!link->tls || ERR_peek_error() == 0) {
        return false;
    }
    // A server that wants a certificate of ours says so after the handshake.
    explain(reason, size, "TLS failed", NULL);
    return true;
}

#else

bool redis_tls_is_available(void) {
    return false;
}

redis_tls *redis_tls_create(const redis_tls_settings *settings, char *reason, size_t size) {
    (void)settings;
    snprintf(reason, size, "this build has no TLS");
    return NULL;
}

void redis_tls_release(redis_tls *tls) {
    (void)tls;
}

bool redis_link_secure(redis_link *link, redis_tls *tls, const char *host) {
    (void)link, (void)tls, (void)host;
    return false;
}

void link_tls_free(link_tls *tls) {
    (void)tls;
}

link_tls_progress link_tls_begin(redis_link *link, char *reason, size_t size) {
    (void)link;
    snprintf(reason, size, "this build has no TLS");
    return LINK_TLS_FAILED;
}

link_tls_progress link_tls_continue(redis_link *link, char *reason, size_t size) {
    return link_tls_begin(link, reason, size);
}

bool link_tls_has_pending(const redis_link *link) {
    (void)link;
    return false;
}

bool link_tls_explain_failure(const redis_link *link, char *reason, size_t size) {
    (void)link, (void)reason, (void)size;
    return false;
}

#endif
