import CRedisLink

/// Certificates that were read from their files, for any number of connections.
///
/// `@unchecked Sendable`: never changed after `init`.
final class TLSContext: @unchecked Sendable {
    /// Whether this build has TLS.
    static var isAvailable: Bool { redis_tls_is_available() }

    let handle: OpaquePointer

    /// Reads the certificates' files, which takes some milliseconds.
    ///
    /// - Throws: `.tlsUnavailable` with what to do; `.tlsMisconfigured` when a file cannot be used.
    init(_ options: RedisTLSOptions) throws(RedisError) {
        guard Self.isAvailable else { throw .tlsUnavailable }
        var failure = redis_tls_failure()
        let created = withOptionalCStrings([
            options.trustedFile, options.trustedFolder, options.certificateFile, options.keyFile,
            options.keyPassword?.value,
        ]) { texts in
            var settings = redis_tls_settings(
                trusted_file: texts[0], trusted_folder: texts[1], certificate_file: texts[2], key_file: texts[3],
                key_password: texts[4], verifies: options.verification != .none, checks_host: options.checksHostname,
                minimum_version: Int32(options.minimumVersion))
            return redis_tls_create(&settings, &failure)
        }
        guard let created else {
            let text = withUnsafeBytes(of: failure.text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            throw TLSFailure(problem: failure.problem, text: text).error(with: options)
        }
        handle = created
    }

    deinit {
        redis_tls_release(handle)
    }
}

/// Lends texts to C, `nil` as NULL.
private func withOptionalCStrings<Result>(
    _ texts: [String?], _ body: ([UnsafePointer<CChar>?]) -> Result
) -> Result {
    func lend(_ rest: ArraySlice<String?>, _ lent: [UnsafePointer<CChar>?]) -> Result {
        guard let next = rest.first else { return body(lent) }
        guard let next else { return lend(rest.dropFirst(), lent + [nil]) }
        return next.withCString { lend(rest.dropFirst(), lent + [$0]) }
    }
    return lend(texts[...], [])
}

extension RedisError {
    static var tlsUnavailable: RedisError {
        RedisError(
            .tlsUnavailable,
            """
            this build has no TLS, which rediss:// needs: install hiredis 1.x with its TLS library and OpenSSL's headers \
            (Debian 13, Ubuntu 24.04: apt-get install libhiredis-dev libssl-dev) and build with the package's trait TLS (make \
            does), or use redis:// through a tunnel such as stunnel
            """)
    }
}
