#include "redis_tls.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef REDIS_LINK_TLS

#include "redis_tls_internal.h"

bool redis_tls_is_available(void) {
    return true;
}

const char *tls_error_text(char *number, size_t size) {
    unsigned long code = ERR_peek_error();
    const char *text = code ? ERR_reason_error_string(code) : NULL;
    if (!text && code && ERR_SYSTEM_ERROR(code)) {
        text = event_loop_error_text(ERR_GET_REASON(code), number, size);
    }
    if (!text) {
        snprintf(number, size, "error %lu", code);
        text = number;
    }
    return text;
}

void tls_explain(redis_tls_failure *failure, redis_tls_problem problem, const char *doing, const char *subject) {
    char number[128];
    failure->problem = problem;
    snprintf(failure->text, sizeof(failure->text), "%s%s%s: %s", doing, subject ? " " : "", subject ? subject : "",
             tls_error_text(number, sizeof(number)));
    ERR_clear_error();
}

typedef struct key_password {
    const char *text;
    bool was_asked_for;
} key_password;

/// Without this callback OpenSSL would ask on the terminal.
static int give_password(char *buffer, int size, int for_writing, void *context) {
    (void)for_writing;
    key_password *password = context;
    password->was_asked_for = true;
    size_t length = password->text ? strlen(password->text) : 0;
    if (length == 0 || length > (size_t)size) {
        return -1;
    }
    memcpy(buffer, password->text, length);
    return (int)length;
}

static bool trust(SSL_CTX *context, const redis_tls_settings *settings, redis_tls_failure *failure) {
    if (!settings->trusted_file && !settings->trusted_folder) {
        if (SSL_CTX_set_default_verify_paths(context) != 1) {
            tls_explain(failure, REDIS_TLS_TRUST_UNREADABLE, "cannot read the system's certificates", NULL);
            return false;
        }
        return true;
    }
    // OpenSSL only opens the folder to check a certificate, and treats a missing folder as an empty one.
    DIR *folder = settings->trusted_folder ? opendir(settings->trusted_folder) : NULL;
    if (settings->trusted_folder && !folder) {
        char text[128];
        failure->problem = REDIS_TLS_TRUST_UNREADABLE;
        snprintf(failure->text, sizeof(failure->text), "cannot read the folder of certificates to trust %s: %s",
                 settings->trusted_folder, event_loop_error_text(errno, text, sizeof(text)));
        return false;
    }
    if (folder) {
        closedir(folder);
    }
    if (SSL_CTX_load_verify_locations(context, settings->trusted_file, settings->trusted_folder) != 1) {
        tls_explain(failure, REDIS_TLS_TRUST_UNREADABLE, "cannot read the certificates to trust in",
                settings->trusted_file ? settings->trusted_file : settings->trusted_folder);
        return false;
    }
    return true;
}

/// Whether a readable file contains no private key, in any form of PEM.
static bool lacks_key(const char *path) {
    FILE *file = fopen(path, "r");
    char line[256];
    bool is_missing = file != NULL;
    while (file && fgets(line, sizeof(line), file)) {
        is_missing = is_missing && !strstr(line, "PRIVATE KEY-----");
    }
    if (file) {
        fclose(file);
    }
    return is_missing;
}

static void explain_key(const char *path, bool is_locked, redis_tls_failure *failure) {
    int reason = ERR_GET_REASON(ERR_peek_error());
    bool is_of_x509 = ERR_GET_LIB(ERR_peek_error()) == ERR_LIB_X509;
    if (is_locked) {
        failure->problem = REDIS_TLS_KEY_LOCKED;
        snprintf(failure->text, sizeof(failure->text), "the private key in %s is encrypted", path);
    } else if (is_of_x509 && (reason == X509_R_KEY_VALUES_MISMATCH || reason == X509_R_KEY_TYPE_MISMATCH)) {
        failure->problem = REDIS_TLS_KEY_OF_ANOTHER;
        snprintf(failure->text, sizeof(failure->text), "the private key in %s belongs to another certificate", path);
    } else if (lacks_key(path)) {
        failure->problem = REDIS_TLS_KEY_MISSING;
        snprintf(failure->text, sizeof(failure->text), "there is no private key in %s", path);
    } else {
        tls_explain(failure, REDIS_TLS_KEY_UNREADABLE, "cannot read the private key in", path);
    }
    ERR_clear_error();
}

static bool introduce(SSL_CTX *context, const redis_tls_settings *settings, redis_tls_failure *failure) {
    if (!settings->certificate_file) {
        if (settings->key_file) {
            failure->problem = REDIS_TLS_CERTIFICATE_MISSING;
            snprintf(failure->text, sizeof(failure->text), "there is a private key but no certificate");
        }
        return !settings->key_file;
    }
    const char *key_file = settings->key_file ? settings->key_file : settings->certificate_file;
    if (SSL_CTX_use_certificate_chain_file(context, settings->certificate_file) != 1) {
        tls_explain(failure, REDIS_TLS_CERTIFICATE_UNREADABLE, "cannot read the certificate to present in",
                settings->certificate_file);
        return false;
    }
    key_password password = {settings->key_password, false};
    SSL_CTX_set_default_passwd_cb(context, give_password);
    SSL_CTX_set_default_passwd_cb_userdata(context, &password);
    int is_read = SSL_CTX_use_PrivateKey_file(context, key_file, SSL_FILETYPE_PEM);
    SSL_CTX_set_default_passwd_cb_userdata(context, NULL);
    SSL_CTX_set_default_passwd_cb(context, NULL);
    if (is_read != 1) {
        // Whether a key belongs to another certificate is checked after it was opened.
        bool is_opened = ERR_GET_LIB(ERR_peek_error()) == ERR_LIB_X509;
        explain_key(key_file, password.was_asked_for && !is_opened, failure);
        return false;
    }
    return true;
}

redis_tls *redis_tls_create(const redis_tls_settings *settings, redis_tls_failure *failure) {
    ERR_clear_error();
    redis_tls *tls = calloc(1, sizeof(*tls));
    SSL_CTX *context = tls ? SSL_CTX_new(TLS_client_method()) : NULL;
    if (!context) {
        tls_explain(failure, REDIS_TLS_UNEXPLAINED, "cannot set up TLS", NULL);
        free(tls);
        return NULL;
    }
    SSL_CTX_set_min_proto_version(context, settings->minimum_version);
    // hiredis' output moves when it grows, and shrinks at the front when it is written.
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_verify(context, settings->verifies ? SSL_VERIFY_PEER : SSL_VERIFY_NONE,
                       settings->verifies ? link_tls_note_verdict : NULL);
    SSL_CTX_set_cert_cb(context, link_tls_note_request, NULL);
    if ((settings->verifies && !trust(context, settings, failure)) || !introduce(context, settings, failure)) {
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

#else

bool redis_tls_is_available(void) {
    return false;
}

redis_tls *redis_tls_create(const redis_tls_settings *settings, redis_tls_failure *failure) {
    (void)settings;
    failure->problem = REDIS_TLS_UNEXPLAINED;
    snprintf(failure->text, sizeof(failure->text), "this build has no TLS");
    return NULL;
}

void redis_tls_release(redis_tls *tls) {
    (void)tls;
}

#endif
