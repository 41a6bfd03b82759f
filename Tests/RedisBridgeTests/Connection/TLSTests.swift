import TestSupport
import Testing

@testable import RedisBridge

/// Where the build has no TLS, each of these sees that it says so.
@Suite(.timeLimit(.minutes(3))) struct TLSTests {
    private static func open(
        _ port: Int, host: String = "localhost", _ query: String
    ) async throws(RedisError) -> RedisClient {
        let client = RedisClient(
            url: try RedisURL("rediss://\(host):\(port)/0?\(query)"), on: try EventLoop())
        do {
            _ = try await client.send(RedisCommand("PING"))
        } catch {
            await client.close()
            throw error
        }
        return client
    }

    /// A server that speaks TLS, and certificates for it; without TLS in the build, only the proof that it has none.
    private static func withTLS(
        lines: [String] = ["tls-auth-clients no"], _ body: (TLSCertificates, RedisServer, Int) async throws -> Void
    ) async throws {
        guard TLSContext.isAvailable else {
            let error = try await #require(throws: RedisError.self) { try await open(1, "ssl_cert_reqs=none") }
            #expect(error.code == .tlsUnavailable)
            #expect(error.reason.contains("libhiredis-dev"))
            return
        }
        try await withTemporaryDirectory { directory in
            let certificates = try await TLSCertificates.make(in: directory)
            let port = try RedisServer.freePort()
            let tls = [
                "bind 127.0.0.1 127.0.0.2",
                "tls-port \(port)", "tls-cert-file \(certificates.server)", "tls-key-file \(certificates.serverKey)",
                "tls-ca-cert-file \(certificates.authority)",
            ]
            try await withRedis(.init(lines: tls + lines)) { server in try await body(certificates, server, port) }
        }
    }

    @Test func `commands, big values and many at once go through TLS`() async throws {
        try await Self.withTLS { certificates, server, port in
            let client = try await Self.open(port, "ssl_ca_certs=\(certificates.authority)")
            let big = (0..<(8 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            _ = try await client.send(RedisCommand("SET", "big", big), timeout: .seconds(30))
            #expect(try server.command("STRLEN", "big").integer == big.count)
            let read = try await client.send(RedisCommand("GET", "big"), timeout: .seconds(30))
            #expect(read.bytes == big)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<2000 {
                    group.addTask {
                        let reply = try await client.send(RedisCommand("ECHO", number), timeout: .seconds(30))
                        #expect(reply.string == String(number))
                    }
                }
                try await group.waitForAll()
            }
            let replies = try await client.pipeline(
                (0..<200).map { _ in RedisCommand("GETRANGE", "big", 0, 99_999) }, timeout: .seconds(30))
            #expect(replies.allSatisfy { $0.bytes?.count == 100_000 })
            let subscription = try await client.subscribe(to: ["news"])
            try server.command("PUBLISH", "news", "hello")
            var iterator = subscription.makeAsyncIterator()
            #expect(try await iterator.next() == .message(.init(channel: "news", payload: Array("hello".utf8))))
            await subscription.close()
            await client.close()
        }
    }

    @Test func `a certificate of an unknown authority is refused, and taken when told to`() async throws {
        try await Self.withTLS { certificates, _, port in
            for query in ["ssl_ca_certs=\(certificates.otherAuthority)", "ssl_cert_reqs=required"] {
                let error = try await #require(throws: RedisError.self) { try await Self.open(port, query) }
                #expect(error.code == .tlsFailed)
                #expect(error.reason.contains("not to be trusted"), "\(error)")
            }
            let careless = try await Self.open(port, "ssl_cert_reqs=none")
            await careless.close()
        }
    }

    @Test func `a certificate for another host is refused, and taken when told to`() async throws {
        try await Self.withTLS { certificates, _, port in
            let trusted = "ssl_ca_certs=\(certificates.authority)"
            // It is for localhost and 127.0.0.1.
            let byAddress = try await Self.open(port, host: "127.0.0.1", trusted)
            await byAddress.close()
            let error = try await #require(throws: RedisError.self) {
                try await Self.open(port, host: "127.0.0.2", trusted)
            }
            #expect(error.code == .tlsFailed)
            #expect(error.reason.lowercased().contains("mismatch"), "\(error)")
            let told = try await Self.open(port, host: "127.0.0.2", trusted + "&ssl_check_hostname=False")
            await told.close()
        }
    }

    @Test func `a server that asks for a certificate gets ours`() async throws {
        try await Self.withTLS(lines: ["tls-auth-clients yes"]) { certificates, _, port in
            let trusted = "ssl_ca_certs=\(certificates.authority)"
            let error = try await #require(throws: RedisError.self) { try await Self.open(port, trusted) }
            #expect(error.code == .tlsFailed, "\(error)")
            let shown = "&ssl_certfile=\(certificates.client)&ssl_keyfile=\(certificates.clientKey)"
            let client = try await Self.open(port, trusted + shown)
            await client.close()
        }
    }

    @Test func `files that cannot be used are named`() async throws {
        try await Self.withTLS { certificates, _, port in
            for query in [
                "ssl_ca_certs=/no/such.pem", "ssl_certfile=/no/such.pem",
                "ssl_ca_certs=\(certificates.authority)&ssl_certfile=\(certificates.client)&ssl_keyfile=/no/such.pem",
            ] {
                let error = try await #require(throws: RedisError.self) { try await Self.open(port, query) }
                #expect(error.code == .tlsFailed)
                #expect(error.reason.contains("/no/such.pem"), "\(error)")
            }
        }
    }

    @Test func `a port that does not speak TLS is an error that asks whether it does`() async throws {
        try await Self.withTLS { _, server, _ in
            let error = try await #require(throws: RedisError.self) {
                try await Self.open(server.port, "ssl_cert_reqs=none")
            }
            #expect(error.code == .tlsFailed)
            #expect(error.reason.contains("TLS"), "\(error)")
        }
    }

    @Test func `a server that never answers the handshake ends with the connect time-out`() async throws {
        try await Self.withTLS { _, server, port in
            server.pause()
            let error = try await #require(throws: RedisError.self) {
                try await Self.open(port, "ssl_cert_reqs=none&socket_connect_timeout=0.2")
            }
            #expect(error.code == .connectTimedOut)
            server.resume()
        }
    }
}
