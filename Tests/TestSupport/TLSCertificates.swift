import Testing

/// Certificates of a test's own, in PEM: an authority, what it signed for a server and a client, and another authority.
public struct TLSCertificates: Sendable {
    private let folder: String

    /// The authority that signed the others.
    public var authority: String { "\(folder)/ca.pem" }
    /// An authority that signed nothing.
    public var otherAuthority: String { "\(folder)/other-ca.pem" }
    /// The server's certificate, for localhost and 127.0.0.1.
    public var server: String { "\(folder)/server.pem" }
    /// The server's private key.
    public var serverKey: String { "\(folder)/server-key.pem" }
    /// A client's certificate.
    public var client: String { "\(folder)/client.pem" }
    /// The client's private key.
    public var clientKey: String { "\(folder)/client-key.pem" }

    /// A certificate and its private key, each in a file.
    public struct Pair: Sendable {
        /// The certificate's file.
        public let certificate: String
        /// The private key's file.
        public let key: String
    }

    /// Has the authority sign another certificate.
    ///
    /// - Parameters:
    ///   - name: Of its files.
    ///   - hosts: Whom it is for, as OpenSSL's `subjectAltName` has it.
    ///   - period: From when until when it is valid, as OpenSSL (3.4 or later) takes it, such as `20250101000000Z`; two
    ///     days from now when `nil`.
    ///   - isFromOther: Whether the other authority signs it.
    public func issue(
        _ name: String, for hosts: String = "DNS:localhost,IP:127.0.0.1", valid period: (String, String)? = nil,
        byOther isFromOther: Bool = false
    ) async throws -> Pair {
        let pair = Pair(certificate: "\(folder)/\(name).pem", key: "\(folder)/\(name)-key.pem")
        let issuer = isFromOther ? "other-ca" : "ca"
        let validity = period.map { ["-not_before", $0.0, "-not_after", $0.1] } ?? ["-days", "2"]
        try await Self.openssl(
            ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=\(name)"] + validity
                + ["-addext", "subjectAltName=\(hosts)", "-addext", "basicConstraints=critical,CA:FALSE"]
                + ["-CA", "\(folder)/\(issuer).pem", "-CAkey", "\(folder)/\(issuer)-key.pem"]
                + ["-keyout", pair.key, "-out", pair.certificate])
        return pair
    }

    /// A copy of the client's private key that a password encrypts.
    public func lockedClientKey(password: String) async throws -> String {
        let path = "\(folder)/client-key-locked.pem"
        try await Self.openssl(["rsa", "-aes256", "-passout", "pass:\(password)", "-in", clientKey, "-out", path])
        return path
    }

    /// Makes them with the openssl program.
    ///
    /// - Throws: ``SupportError`` with what openssl wrote when it fails.
    public static func make(in directory: TemporaryDirectory) async throws -> TLSCertificates {
        let made = TLSCertificates(folder: directory.path)
        for name in ["ca", "other-ca"] {
            try await openssl(
                ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=\(name)"]
                    + ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"]
                    + ["-keyout", "\(directory.path)/\(name)-key.pem", "-out", "\(directory.path)/\(name).pem"])
        }
        _ = try await made.issue("server")
        _ = try await made.issue("client", for: "DNS:client.example")
        return made
    }

    private static func openssl(_ arguments: [String]) async throws {
        let process = try ChildProcess("openssl", arguments)
        let outcome = try await process.waitUntilExit(within: .seconds(60))
        guard outcome == .exited(0) else {
            throw SupportError("openssl \(arguments.joined(separator: " ")) ended with \(outcome):\n\(process.errors)")
        }
    }
}
