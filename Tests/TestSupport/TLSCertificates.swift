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
        for (name, names) in [("server", "DNS:localhost,IP:127.0.0.1"), ("client", "DNS:client.example")] {
            try await openssl(
                ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=\(name)"]
                    + ["-addext", "subjectAltName=\(names)", "-addext", "basicConstraints=critical,CA:FALSE"]
                    + ["-CA", made.authority, "-CAkey", "\(directory.path)/ca-key.pem"]
                    + ["-keyout", "\(directory.path)/\(name)-key.pem", "-out", "\(directory.path)/\(name).pem"])
        }
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
