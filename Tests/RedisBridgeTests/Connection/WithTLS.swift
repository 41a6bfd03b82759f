import TestSupport
import Testing

@testable import RedisBridge

/// Certificates for the test, if the build has TLS; otherwise only checks that the build says that it has none.
func withTLSCertificates(_ body: (TLSCertificates) async throws -> Void) async throws {
    guard TLSContext.isAvailable else {
        let error = try await #require(throws: RedisError.self) { try await openTLS(1, "ssl_cert_reqs=none") }
        #expect(error.code == .tlsUnavailable)
        #expect(error.reason.contains("libhiredis-dev"))
        return
    }
    try await withTemporaryDirectory { directory in
        try await body(try await TLSCertificates.make(in: directory))
    }
}

/// A server with TLS and its port for that, if the build has TLS; otherwise only checks that the build says that it has none.
func withTLS(
    lines: [String] = [], _ body: (TLSCertificates, RedisServer, Int) async throws -> Void
) async throws {
    try await withTLSCertificates { certificates in
        let all = ["bind 127.0.0.1 127.0.0.2"] + lines
        try await withRedis(.init(lines: all, tls: certificates)) { server in
            try await body(certificates, server, try #require(server.tlsPort))
        }
    }
}

/// A client of a port with TLS, after its first answer.
func openTLS(_ port: Int, host: String = "localhost", _ query: String) async throws(RedisError) -> RedisClient {
    try await opened("rediss://\(host):\(port)/0?\(query)")
}

/// A client of the URL's server, after its first answer.
func opened(_ url: String) async throws(RedisError) -> RedisClient {
    let client = RedisClient(url: try RedisURL(url), on: try RedisEventLoop(name: "tls"))
    do {
        _ = try await client.send(RedisCommand("PING"))
    } catch {
        await client.close()
        throw error
    }
    return client
}

/// The error of connecting to a URL's server.
func refusal(of url: String, sourceLocation: SourceLocation = #_sourceLocation) async throws -> RedisError {
    try await #require(throws: RedisError.self, sourceLocation: sourceLocation) {
        let client = try await opened(url)
        await client.close()
    }
}
