/// How a server's certificate is checked, and which certificate we show: redis-py's `ssl_…` options.
public struct RedisTLSOptions: Sendable, Hashable {
    /// What is asked of the server's certificate.
    public enum Verification: String, Sendable, Hashable {
        /// Nothing: whoever answers is believed.
        case none
        /// As `required`, which it means for a client.
        case optional
        /// A chain to a certificate that is trusted.
        case required
    }

    /// What is asked of the server's certificate; `required` by default.
    public var verification = Verification.required
    /// Whether the certificate must be for the host that was asked for; true by default, and of no effect without
    /// `verification`.
    public var checksHostname = true
    /// A file of certificates to trust, in PEM; the system's when there is neither this nor `trustedFolder`.
    public var trustedFile: String?
    /// A folder of certificates to trust, named by hash as OpenSSL wants it.
    public var trustedFolder: String?
    /// A file with the certificate to show to the server, in PEM, and those of its issuers behind it.
    public var certificateFile: String?
    /// A file with the certificate's private key, in PEM; `certificateFile` when `nil`.
    public var keyFile: String?
    /// The oldest version of the protocol to speak, as a TLS number: 771 for 1.2, the default, or 772 for 1.3.
    public var minimumVersion = 771
    /// What unlocks the private key.
    public var keyPassword: RedisSecret?

    /// The defaults.
    public init() {}
}
