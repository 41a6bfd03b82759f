import TestSupport
import Testing

@testable import RedisBridge

/// Certificates of the test's own, where the build has TLS; where it has none, only the proof that it says so.
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

/// A server that speaks TLS, and its port for that, where the build has TLS; else only the proof that it says so.
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

/// A client of a port that speaks TLS, which has been answered.
func openTLS(_ port: Int, host: String = "localhost", _ query: String) async throws(RedisError) -> RedisClient {
    try await opened("rediss://\(host):\(port)/0?\(query)")
}

/// A client of the URL's server, which has been answered.
func opened(_ url: String) async throws(RedisError) -> RedisClient {
    let client = RedisClient(url: try RedisURL(url), on: try RedisEventLoop())
    do {
        _ = try await client.send(RedisCommand("PING"))
    } catch {
        await client.close()
        throw error
    }
    return client
}

/// The error with which a URL's server is not reached.
func refusal(of url: String, sourceLocation: SourceLocation = #_sourceLocation) async throws -> RedisError {
    try await #require(throws: RedisError.self, sourceLocation: sourceLocation) {
        let client = try await opened(url)
        await client.close()
    }
}
