import CRedisLink

/// Why TLS failed, in the words of whichever side noticed, and which option of the URL mends it.
struct TLSFailure {
    let problem: redis_tls_problem
    let text: String

    /// The failure as an error, for a connection with these options.
    func error(with options: RedisTLSOptions, fate: CommandFate = .notSent) -> RedisError {
        RedisError(code, remedy(with: options).map { "\(text); \($0)" } ?? text, fate: fate)
    }

    private var code: RedisError.Code {
        switch problem {
        case REDIS_TLS_TRUST_UNREADABLE, REDIS_TLS_CERTIFICATE_UNREADABLE, REDIS_TLS_CERTIFICATE_MISSING,
            REDIS_TLS_KEY_UNREADABLE, REDIS_TLS_KEY_MISSING, REDIS_TLS_KEY_LOCKED, REDIS_TLS_KEY_OF_ANOTHER:
            .tlsMisconfigured
        case REDIS_TLS_NOT_SPOKEN, REDIS_TLS_SPOKEN: .tlsMismatch
        default: .tlsFailed
        }
    }

    private func remedy(with options: RedisTLSOptions) -> String? {
        switch problem {
        case REDIS_TLS_TRUST_UNREADABLE:
            let isTold = options.trustedFile != nil || options.trustedFolder != nil
            return isTold ? "see ssl_ca_certs and ssl_ca_path" : "name others with ssl_ca_certs"
        case REDIS_TLS_CERTIFICATE_UNREADABLE:
            return "ssl_certfile must name a certificate in PEM"
        case REDIS_TLS_CERTIFICATE_MISSING:
            return "name the certificate's file with ssl_certfile"
        case REDIS_TLS_KEY_UNREADABLE, REDIS_TLS_KEY_MISSING:
            return options.keyFile == nil
                ? "name the key's file with ssl_keyfile" : "ssl_keyfile must name the certificate's key, in PEM"
        case REDIS_TLS_KEY_LOCKED:
            return options.keyPassword == nil
                ? "give its password with ssl_password" : "the password in ssl_password does not open it"
        case REDIS_TLS_KEY_OF_ANOTHER:
            return "ssl_certfile and ssl_keyfile must belong together"
        case REDIS_TLS_AUTHORITY_UNKNOWN:
            return authorityRemedy(with: options)
        case REDIS_TLS_HOST_MISMATCH:
            return """
                use a name or address that is in its certificate, or turn that check off with ssl_check_hostname=False
                """
        case REDIS_TLS_EXPIRED:
            return "the server needs a new one, or this machine's clock is wrong"
        case REDIS_TLS_NOT_YET_VALID:
            return "is this machine's clock right?"
        case REDIS_TLS_CERTIFICATE_WANTED:
            return "name ours with ssl_certfile, and its key with ssl_keyfile"
        case REDIS_TLS_CERTIFICATE_REFUSED:
            return "put one that it accepts into the file that ssl_certfile names, or have the server trust its issuer"
        case REDIS_TLS_VERSION_REFUSED:
            return options.minimumVersion > 771 ? "ssl_min_version=771 allows TLS 1.2" : "it needs TLS 1.2 or later"
        case REDIS_TLS_NOT_SPOKEN:
            return "its URL must begin with redis instead of rediss"
        case REDIS_TLS_SPOKEN:
            return "its URL must begin with rediss instead of redis"
        case REDIS_TLS_HUNG_UP:
            return "does this port speak TLS?"
        default:
            return nil
        }
    }

    private func authorityRemedy(with options: RedisTLSOptions) -> String {
        if options.trustedFile != nil {
            return "the certificate of the authority that issued it must be in the file that ssl_ca_certs names"
        }
        if options.trustedFolder != nil {
            return """
                the certificate of the authority that issued it must be in the folder that ssl_ca_path names, under the \
                name that 'openssl rehash' gives it
                """
        }
        return "if a private authority issued it, name that authority's certificate with ssl_ca_certs"
    }
}

extension RedisError {
    /// When a server hung up, as its error's reason has it.
    static let unheard = "before it answered anything"

    /// The server answers Redis commands without TLS.
    static var tlsNotSpoken: RedisError {
        TLSFailure(problem: REDIS_TLS_NOT_SPOKEN, text: "this port answers without TLS").error(with: RedisTLSOptions())
    }
}
