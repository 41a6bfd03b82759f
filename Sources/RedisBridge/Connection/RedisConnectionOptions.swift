/// How a connection is opened, and its limits.
package struct RedisConnectionOptions: Sendable, Hashable {
    /// The ACL user to log in as; the server takes a password alone for that of `default`.
    package var username: String?
    /// The password to log in with.
    package var password: RedisSecret?
    /// The database to select; 0 by default.
    package var database = 0
    /// A name for `CLIENT LIST`.
    package var clientName: String?
    /// The time-out for look-up, connecting and log-in together; 5 s by default.
    package var connectTimeout: Duration = .seconds(5)
    /// The time-out of a command that has none of its own; 5 s by default.
    package var commandTimeout: Duration = .seconds(5)
    /// How many bytes may wait to be written to the server; 64 MiB by default.
    ///
    /// A command that would exceed it fails with `.outputFull` and is not sent. When nothing waits, a command of any
    /// size is accepted.
    package var maximumUnwrittenBytes = 64 << 20
    /// How long the server may be silent before it is sent a PING; a PING without an answer within `commandTimeout`
    /// ends the connection.
    ///
    /// `nil`, the default, sends none.
    package var healthCheckInterval: Duration?
    /// How certificates are checked, for an endpoint that speaks TLS.
    package var tls = RedisTLSOptions()

    /// The defaults.
    package init() {}
}

/// How a server's certificate is checked, and which certificate we present: redis-py's `ssl_…` options.
package struct RedisTLSOptions: Sendable, Hashable {
    /// How strictly the server's certificate is checked.
    package enum Verification: String, Sendable, Hashable {
        /// Not at all: any server is trusted.
        case none
        /// The same as `required`, for a client.
        case optional
        /// It must lead to a trusted certificate.
        case required
    }

    /// How strictly the server's certificate is checked; `required` by default.
    package var verification = Verification.required
    /// Whether the certificate must be for the host in the URL; true by default, and without effect when `verification`
    /// is `none`.
    package var checksHostname = true
    /// A file of certificates to trust, in PEM; without this and `trustedFolder`, the system's.
    package var trustedFile: String?
    /// A folder of certificates to trust, named by hash as OpenSSL wants it.
    package var trustedFolder: String?
    /// A file with the certificate to present, followed by those of its issuers, in PEM.
    package var certificateFile: String?
    /// A file with the certificate's private key, in PEM; `certificateFile` when `nil`.
    package var keyFile: String?
    /// The oldest version of the protocol to accept, as a TLS number: 771 for 1.2, the default, or 772 for 1.3.
    package var minimumVersion = 771
    /// The password of the private key.
    package var keyPassword: RedisSecret?

    /// The defaults.
    package init() {}
}

/// A password that no description, dump or mirror shows.
package struct RedisSecret: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible,
    CustomDebugStringConvertible, CustomReflectable
{
    let value: String

    /// Wraps a password.
    package init(_ value: String) {
        self.value = value
    }

    /// Wraps a password.
    package init(stringLiteral value: String) {
        self.init(value)
    }

    /// Never the password.
    package var description: String { "***" }
    /// Never the password.
    package var debugDescription: String { "***" }
    /// Never the password.
    package var customMirror: Mirror { Mirror(self, children: []) }
}
