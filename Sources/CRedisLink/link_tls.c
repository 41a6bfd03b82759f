#include "redis_link_internal.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef REDIS_LINK_TLS

#include "redis_tls_internal.h"

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

bool redis_link_lacks_certificate(const redis_link *link) {
    return link->tls && link->tls->lacks_certificate;
}

void link_tls_free(link_tls *tls) {
    if (tls) {
        SSL_CTX_free(tls->context);
        free(tls);
    }
}

// --- What is recorded in a handshake, to explain a failure ----------------------------------------------------------

int link_tls_note_request(SSL *session, void *context) {
    (void)context;
    link_tls *tls = SSL_get_app_data(session);
    if (tls) {
        tls->lacks_certificate = SSL_get_certificate(session) == NULL;
    }
    return 1;
}

/// Takes what was printed, as one line.
static void take_text(BIO *printed, char *text, size_t size) {
    int length = printed ? BIO_read(printed, text, (int)size - 1) : 0;
    text[length > 0 ? length : 0] = '\0';
    for (char *place = text; *place; place++) {
        if ((unsigned char)*place < ' ' || *place == 0x7f) {
            *place = ' ';
        }
    }
    BIO_free(printed);
}

int link_tls_note_verdict(int is_good, X509_STORE_CTX *store) {
    SSL *session = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    link_tls *tls = session ? SSL_get_app_data(session) : NULL;
    X509 *certificate = X509_STORE_CTX_get_current_cert(store);
    if (is_good || !tls || !certificate) {
        return is_good;
    }
    BIO *printed = BIO_new(BIO_s_mem());
    int extension = 0;
    switch (X509_STORE_CTX_get_error(store)) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        ASN1_TIME_print(printed, X509_get0_notAfter(certificate));
        break;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        ASN1_TIME_print(printed, X509_get0_notBefore(certificate));
        break;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        extension = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1);
        if (extension >= 0) {
            X509V3_EXT_print(printed, X509_get_ext(certificate, extension), 0, 0);
        }
        break;
    default:
        X509_NAME_print_ex(printed, X509_get_issuer_name(certificate), 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
        break;
    }
    take_text(printed, tls->detail, sizeof(tls->detail));
    if (X509_STORE_CTX_get_error_depth(store) > 0) {
        char name[160];
        BIO *subject = BIO_new(BIO_s_mem());
        X509_NAME_print_ex(subject, X509_get_subject_name(certificate), 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
        take_text(subject, name, sizeof(name));
        snprintf(tls->refused, sizeof(tls->refused), "the certificate '%s', behind that of %.120s,", name, tls->host);
    }
    return is_good;
}

// --- The handshake -------------------------------------------------------------------------------------------------

static bool is_address(const char *host) {
    unsigned char bytes[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

/// Tells the session whose certificate to expect, and the server which host we want.
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

/// Why the server's certificate was refused.
static void explain_verdict(const link_tls *tls, long verdict, redis_tls_failure *failure) {
    char whose[sizeof(tls->refused)];
    if (tls->refused[0]) {
        memcpy(whose, tls->refused, sizeof(whose));
    } else {
        snprintf(whose, sizeof(whose), "the certificate of %s", tls->host);
    }
    size_t size = sizeof(failure->text);
    switch (verdict) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        failure->problem = REDIS_TLS_EXPIRED;
        snprintf(failure->text, size, "%s expired on %s", whose, tls->detail);
        return;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        failure->problem = REDIS_TLS_NOT_YET_VALID;
        snprintf(failure->text, size, "%s is not valid before %s", whose, tls->detail);
        return;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        failure->problem = REDIS_TLS_HOST_MISMATCH;
        snprintf(failure->text, size, "%s is not for that host (%s)", whose,
                 tls->detail[0] ? tls->detail : X509_verify_cert_error_string(verdict));
        return;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
        failure->problem = REDIS_TLS_AUTHORITY_UNKNOWN;
        snprintf(failure->text, size, "the certificate of %.160s cannot be trusted: its issuer is unknown here (%s)",
                 tls->host, tls->detail[0] ? tls->detail : X509_verify_cert_error_string(verdict));
        return;
    default:
        failure->problem = REDIS_TLS_UNTRUSTED;
        snprintf(failure->text, size, "%s cannot be trusted: %s", whose, X509_verify_cert_error_string(verdict));
        return;
    }
}

/// Why TLS failed, by the first error on OpenSSL's stack.
static void explain_error(const link_tls *tls, redis_tls_failure *failure) {
    char number[128];
    const char *text = tls_error_text(number, sizeof(number));
    int reason = ERR_GET_REASON(ERR_peek_error());
    size_t size = sizeof(failure->text);
    bool is_about_certificate = false;
    switch (reason) {
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
    case SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
        is_about_certificate = true;
        break;
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    // Before TLS 1.3 no alert of its own says that a certificate is missing.
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
        is_about_certificate = tls->lacks_certificate;
        break;
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
        // The answer of a server without TLS is not a TLS record.
        failure->problem = REDIS_TLS_NOT_SPOKEN;
        snprintf(failure->text, size, "this port answers without TLS");
        ERR_clear_error();
        return;
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_UNSUPPORTED_PROTOCOL:
        failure->problem = REDIS_TLS_VERSION_REFUSED;
        snprintf(failure->text, size, "the server has none of the versions of TLS that are allowed (%s)", text);
        ERR_clear_error();
        return;
    default:
        break;
    }
    if (!is_about_certificate) {
        tls_explain(failure, REDIS_TLS_UNEXPLAINED, "TLS failed", NULL);
        return;
    }
    if (tls->lacks_certificate) {
        failure->problem = REDIS_TLS_CERTIFICATE_WANTED;
        snprintf(failure->text, size, "the server wants a certificate (%s)", text);
    } else {
        failure->problem = REDIS_TLS_CERTIFICATE_REFUSED;
        snprintf(failure->text, size, "the server rejects our certificate (%s)", text);
    }
    ERR_clear_error();
}

static bool is_cut(void) {
#ifdef SSL_R_UNEXPECTED_EOF_WHILE_READING
    return ERR_GET_LIB(ERR_peek_error()) == ERR_LIB_SSL
        && ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
#else
    return false;
#endif
}

/// Whether the connection below TLS failed, and not TLS itself.
static bool is_of_system(void) {
    return ERR_peek_error() == 0 || ERR_SYSTEM_ERROR(ERR_peek_error());
}

/// Why the handshake failed, in the words of whichever side noticed.
static void explain_handshake(const link_tls *tls, redis_tls_failure *failure) {
    long verdict = SSL_get_verify_result(tls->session);
    if (tls->verifies && verdict != X509_V_OK) {
        explain_verdict(tls, verdict, failure);
        ERR_clear_error();
        return;
    }
    if (is_cut() || is_of_system()) {
        failure->problem = REDIS_TLS_HUNG_UP;
        snprintf(failure->text, sizeof(failure->text), "the server hung up during the TLS handshake");
        ERR_clear_error();
        return;
    }
    explain_error(tls, failure);
}

link_tls_progress link_tls_begin(redis_link *link, redis_tls_failure *failure) {
    ERR_clear_error();
    SSL *session = SSL_new(link->tls->context);
    if (!session || !name_host(link->tls, session)) {
        SSL_free(session);
        tls_explain(failure, REDIS_TLS_UNEXPLAINED, "cannot begin TLS with", link->tls->host);
        return LINK_TLS_FAILED;
    }
    SSL_set_app_data(session, link->tls);
    link->tls->session = session;
    if (redisInitiateSSL(link->context, session) != REDIS_OK) {
        explain_handshake(link->tls, failure);
        // hiredis owns the session only after success.
        SSL_free(session);
        link->tls->session = NULL;
        return LINK_TLS_FAILED;
    }
    return link_tls_continue(link, failure);
}

link_tls_progress link_tls_continue(redis_link *link, redis_tls_failure *failure) {
    ERR_clear_error();
    int outcome = SSL_do_handshake(link->tls->session);
    if (outcome == 1) {
        return LINK_TLS_DONE;
    }
    switch (SSL_get_error(link->tls->session, outcome)) {
    case SSL_ERROR_WANT_READ:
        return LINK_TLS_WANTS_READ;
    case SSL_ERROR_WANT_WRITE:
        return LINK_TLS_WANTS_WRITE;
    default:
        explain_handshake(link->tls, failure);
        return LINK_TLS_FAILED;
    }
}

// --- After the handshake --------------------------------------------------------------------------------------------

bool link_tls_has_pending(const redis_link *link) {
    return link->tls && link->tls->session && SSL_pending(link->tls->session) > 0;
}

void link_tls_forget_errors(const redis_link *link) {
    if (link->tls) {
        ERR_clear_error();
    }
}

bool link_tls_was_cut(const redis_link *link) {
    return link->tls && is_cut();
}

bool link_tls_explain_failure(const redis_link *link, redis_tls_failure *failure) {
    if (!link->tls || is_cut() || is_of_system()) {
        return false;
    }
    // A server that wants our certificate may say so after the handshake.
    explain_error(link->tls, failure);
    return true;
}

#else

bool redis_link_secure(redis_link *link, redis_tls *tls, const char *host) {
    (void)link, (void)tls, (void)host;
    return false;
}

bool redis_link_lacks_certificate(const redis_link *link) {
    (void)link;
    return false;
}

void link_tls_free(link_tls *tls) {
    (void)tls;
}

link_tls_progress link_tls_begin(redis_link *link, redis_tls_failure *failure) {
    (void)link;
    failure->problem = REDIS_TLS_UNEXPLAINED;
    snprintf(failure->text, sizeof(failure->text), "this build has no TLS");
    return LINK_TLS_FAILED;
}

link_tls_progress link_tls_continue(redis_link *link, redis_tls_failure *failure) {
    return link_tls_begin(link, failure);
}

bool link_tls_has_pending(const redis_link *link) {
    (void)link;
    return false;
}

void link_tls_forget_errors(const redis_link *link) {
    (void)link;
}

bool link_tls_was_cut(const redis_link *link) {
    (void)link;
    return false;
}

bool link_tls_explain_failure(const redis_link *link, redis_tls_failure *failure) {
    (void)link, (void)failure;
    return false;
}

#endif
