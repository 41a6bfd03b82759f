import Foundation
import TestSupport
import Testing

@testable import RedisBridge

/// If the build has no TLS, each of these tests checks that it says so.
@Suite(.timeLimit(.minutes(3))) struct TLSTests {
    @Test func `commands, big values and many at once go through TLS`() async throws {
        try await withTLS { certificates, server, port in
            let client = try await openTLS(port, "ssl_ca_certs=\(certificates.authority)")
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

    @Test func `a certificate of an unknown authority is refused, unless the options accept it`() async throws {
        try await withTLS { certificates, _, port in
            for query in ["ssl_ca_certs=\(certificates.otherAuthority)", "ssl_cert_reqs=required"] {
                let error = try await #require(throws: RedisError.self) { try await openTLS(port, query) }
                #expect(error.code == .tlsFailed)
                #expect(error.reason.contains("cannot be trusted"), "\(error)")
            }
            let careless = try await openTLS(port, "ssl_cert_reqs=none")
            await careless.close()
        }
    }

    @Test func `a certificate for another host is refused, unless the options accept it`() async throws {
        try await withTLS { certificates, _, port in
            let trusted = "ssl_ca_certs=\(certificates.authority)"
            // It is for localhost and 127.0.0.1.
            let byAddress = try await openTLS(port, host: "127.0.0.1", trusted)
            await byAddress.close()
            let error = try await #require(throws: RedisError.self) {
                try await openTLS(port, host: "127.0.0.2", trusted)
            }
            #expect(error.code == .tlsFailed)
            #expect(error.reason.contains("not for that host"), "\(error)")
            let told = try await openTLS(port, host: "127.0.0.2", trusted + "&ssl_check_hostname=False")
            await told.close()
        }
    }

    @Test func `a server that asks for a certificate gets ours`() async throws {
        try await withTLS(lines: ["tls-auth-clients yes"]) { certificates, _, port in
            let trusted = "ssl_ca_certs=\(certificates.authority)"
            let error = try await #require(throws: RedisError.self) { try await openTLS(port, trusted) }
            #expect(error.code == .tlsFailed, "\(error)")
            let shown = "&ssl_certfile=\(certificates.client)&ssl_keyfile=\(certificates.clientKey)"
            let client = try await openTLS(port, trusted + shown)
            await client.close()
        }
    }

    @Test func `a server that never answers the handshake ends with the connect time-out`() async throws {
        try await withTLS { _, server, port in
            server.pause()
            let error = try await #require(throws: RedisError.self) {
                try await openTLS(port, "ssl_cert_reqs=none&socket_connect_timeout=0.2")
            }
            #expect(error.code == .unresponsive)
            #expect(error.reason.contains("TLS handshake"), "\(error)")
            server.resume()
        }
    }

    @Test func `a server that dies during a command is a lost connection, not a failure of TLS`() async throws {
        try await withTLS { certificates, server, port in
            let client = try await openTLS(port, "ssl_ca_certs=\(certificates.authority)")
            let answer = Task { try await client.send(RedisCommand("BLPOP", "nothing", 0), timeout: .seconds(60)) }
            try await eventually("the server to have the command") {
                try server.command("INFO", "clients").string?.contains("blocked_clients:1") == true
            }
            await server.kill()
            let error = await #expect(throws: RedisError.self) { try await answer.value }
            #expect(error?.code == .connectionLost, "\(String(describing: error))")
            await client.close()
        }
    }

    @Test func `certificates are read again for each connection`() async throws {
        try await withTLS(lines: ["tls-auth-clients yes"]) { certificates, server, port in
            // The files that the URL names, which are replaced meanwhile.
            let folder = server.directory.path
            let (trusted, shown, key) = ("\(folder)/trusted.pem", "\(folder)/shown.pem", "\(folder)/key.pem")
            try put(certificates.authority, in: trusted)
            try put(certificates.client, in: shown)
            try put(certificates.clientKey, in: key)
            let client = try await openTLS(port, "ssl_ca_certs=\(trusted)&ssl_certfile=\(shown)&ssl_keyfile=\(key)")
            // The server changes to another authority, and so do we, one file after the other.
            let other = try await certificates.issue("other-server", byOther: true)
            let ours = try await certificates.issue("other-client", for: "DNS:client.example", byOther: true)
            try server.command(
                "CONFIG", "SET", "tls-cert-file", other.certificate, "tls-key-file", other.key, "tls-ca-cert-file",
                certificates.otherAuthority)
            for (step, code) in [
                ("nothing", RedisError.Code.tlsFailed), (trusted, .tlsFailed), (shown, .tlsMisconfigured), (key, nil),
            ] as [(String, RedisError.Code?)] {
                switch step {
                case trusted: try put(certificates.otherAuthority, in: trusted)
                case shown: try put(ours.certificate, in: shown)
                case key: try put(ours.key, in: key)
                default: break
                }
                try await hangUp(client, at: server)
                let error: RedisError?
                do throws(RedisError) {
                    _ = try await client.send(RedisCommand("PING"))
                    error = nil
                } catch let failure {
                    error = failure
                }
                #expect(error?.code == code, "\(step): \(String(describing: error))")
            }
            await client.close()
        }
    }

    @Test func `an expired certificate is reported with its date, and its successor is accepted`() async throws {
        try await withTLS { certificates, server, port in
            let client = try await openTLS(port, "ssl_ca_certs=\(certificates.authority)")
            let past = try await certificates.issue("past", valid: ("20240101000000Z", "20250203040506Z"))
            try server.command("CONFIG", "SET", "tls-cert-file", past.certificate, "tls-key-file", past.key)
            try await hangUp(client, at: server)
            let error = await #expect(throws: RedisError.self) { try await client.send(RedisCommand("PING")) }
            #expect(error?.code == .tlsFailed)
            let reason = error?.reason ?? ""
            #expect(reason.contains("localhost expired on Feb  3 04:05:06 2025 GMT"), "\(reason)")
            try server.command(
                "CONFIG", "SET", "tls-cert-file", certificates.server, "tls-key-file", certificates.serverKey)
            #expect(try await client.send(RedisCommand("PING")) == .status("PONG"))
            await client.close()
        }
    }

    /// Makes the server close the client's connection, and waits until the client has noticed.
    private func hangUp(_ client: RedisClient, at server: RedisServer) async throws {
        try server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        try await eventually("the client to notice") {
            if case .open = await client.state { false } else { true }
        }
    }

    private func put(_ source: String, in path: String) throws {
        try String(contentsOfFile: source, encoding: .utf8).write(toFile: path, atomically: true, encoding: .utf8)
    }
}
