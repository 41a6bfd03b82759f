import TestSupport
import Testing

@testable import RedisBridge

/// What an operator reads when TLS fails: what is wrong, and which option mends it.
@Suite(.timeLimit(.minutes(3))) struct TLSRefusalTests {
    @Test(arguments: ["TLSv1.2 TLSv1.3", "TLSv1.2"])
    func `every attempt at a server that wants a certificate says so`(versions: String) async throws {
        try await withTLS(lines: ["tls-auth-clients yes", "tls-protocols \"\(versions)\""]) { certificates, _, port in
            let url = "rediss://localhost:\(port)?ssl_ca_certs=\(certificates.authority)"
            for _ in 0..<20 {
                let error = try await refusal(of: url)
                #expect(error.code == .tlsFailed)
                #expect(error.reason.contains("wants a certificate"), "\(error)")
                #expect(error.reason.contains("ssl_certfile"), "\(error)")
            }
        }
    }

    @Test func `a certificate of ours that the server rejects is told apart from a missing one`() async throws {
        try await withTLS(lines: ["tls-auth-clients yes"]) { certificates, _, port in
            let past = try await certificates.issue("past", valid: ("20240101000000Z", "20250101000000Z"))
            let foreign = try await certificates.issue("foreign", byOther: true)
            for (pair, word) in [(past, "expired"), (foreign, "unknown ca")] {
                let error = try await refusal(
                    of: """
                        rediss://localhost:\(port)?ssl_ca_certs=\(certificates.authority)\
                        &ssl_certfile=\(pair.certificate)&ssl_keyfile=\(pair.key)
                        """)
                #expect(error.code == .tlsFailed)
                #expect(error.reason.contains("rejects our certificate"), "\(error)")
                #expect(error.reason.contains(word), "\(error)")
                #expect(error.reason.contains("ssl_certfile"), "\(error)")
            }
        }
    }

    @Test func `unusable files are named, with the option that mends them`() async throws {
        try await withTLS { certificates, _, port in
            let locked = try await certificates.lockedClientKey(password: "open sesame")
            let shown = "ssl_certfile=\(certificates.client)"
            for (query, words) in [
                ("ssl_ca_certs=/no/such.pem", ["/no/such.pem", "No such file", "ssl_ca_certs"]),
                ("ssl_ca_certs=\(certificates.clientKey)", ["client-key.pem", "ssl_ca_certs"]),
                ("ssl_ca_path=/no/such", ["/no/such", "No such file", "ssl_ca_path"]),
                ("ssl_certfile=/no/such.pem", ["/no/such.pem", "No such file", "ssl_certfile"]),
                ("ssl_keyfile=\(certificates.clientKey)", ["no certificate", "ssl_certfile"]),
                (shown, ["no private key in \(certificates.client)", "ssl_keyfile"]),
                ("\(shown)&ssl_keyfile=/no/such.pem", ["/no/such.pem", "No such file", "ssl_keyfile"]),
                ("\(shown)&ssl_keyfile=\(certificates.authority)", ["no private key in", "ssl_keyfile"]),
                ("\(shown)&ssl_keyfile=\(certificates.serverKey)", ["another certificate", "ssl_keyfile"]),
                ("\(shown)&ssl_keyfile=\(locked)", ["\(locked) is encrypted", "give its password with ssl_password"]),
                ("\(shown)&ssl_keyfile=\(locked)&ssl_password=letmein", ["is encrypted", "does not open it"]),
            ] {
                let error = try await refusal(of: "rediss://localhost:\(port)?\(query)")
                #expect(error.code == .tlsMisconfigured, "\(error)")
                for word in words { #expect(error.reason.contains(word), "\(query): \(error)") }
                #expect(!error.description.contains("letmein"))
            }
            let key = "ssl_keyfile=\(locked)&ssl_password=open%20sesame"
            let client = try await openTLS(port, "ssl_ca_certs=\(certificates.authority)&\(shown)&\(key)")
            await client.close()
        }
    }

    @Test func `an untrusted certificate is reported with the option that names its authority`() async throws {
        try await withTLS { certificates, server, port in
            for (query, word) in [
                ("", "name that authority's certificate with ssl_ca_certs"),
                ("ssl_ca_certs=\(certificates.otherAuthority)", "must be in the file that ssl_ca_certs names"),
                ("ssl_ca_path=\(server.directory.path)", "openssl rehash"),
            ] {
                let error = try await refusal(of: "rediss://localhost:\(port)?\(query)")
                #expect(error.code == .tlsFailed)
                #expect(error.reason.contains("its issuer is unknown here (CN = ca)"), "\(error)")
                #expect(error.reason.contains(word), "\(error)")
            }
            let elsewhere = try await refusal(of: "rediss://127.0.0.2:\(port)?ssl_ca_certs=\(certificates.authority)")
            #expect(elsewhere.reason.contains("DNS:localhost, IP Address:127.0.0.1"), "\(elsewhere)")
            #expect(elsewhere.reason.contains("ssl_check_hostname"), "\(elsewhere)")
        }
    }

    @Test func `a certificate of tomorrow points to the clock, an old protocol to ssl_min_version`() async throws {
        try await withTLS(lines: ["tls-protocols TLSv1.2"]) { certificates, server, port in
            let old = try await refusal(
                of: "rediss://localhost:\(port)?ssl_ca_certs=\(certificates.authority)&ssl_min_version=772")
            #expect(old.reason.contains("ssl_min_version=771"), "\(old)")
            let young = try await certificates.issue("young", valid: ("20900101000000Z", "20910101000000Z"))
            try server.command("CONFIG", "SET", "tls-cert-file", young.certificate, "tls-key-file", young.key)
            let error = try await refusal(of: "rediss://localhost:\(port)?ssl_ca_certs=\(certificates.authority)")
            #expect(error.reason.contains("not valid before Jan  1 00:00:00 2090 GMT"), "\(error)")
            #expect(error.reason.contains("clock"), "\(error)")
        }
    }

    /// With time-outs that are longer than the test.
    @Test(.enabled(if: TLSContext.isAvailable, "this build has no TLS"), arguments: [nil, "secret"])
    func `rediss at a port without TLS is reported at once`(password: String?) async throws {
        try await withRedis(.init(password: password)) { server in
            // A server mistakes some handshakes for commands and answers them, depending on the host's name.
            for host in ["127.0.0.1", "localhost"] {
                let error = try await refusal(
                    of: "rediss://:secret@\(host):\(server.port)?ssl_cert_reqs=none&socket_connect_timeout=600")
                #expect(error.code == .tlsMismatch, "\(error)")
                #expect(error.reason.contains("begins with redis instead of rediss"), "\(error)")
            }
        }
    }

    @Test func `a silent port is not mistaken for one without TLS`() async throws {
        try await withTLS { _, server, _ in
            server.pause()
            defer { server.resume() }
            let error = try await refusal(
                of: "rediss://127.0.0.1:\(server.port)?ssl_cert_reqs=none&socket_connect_timeout=0.4")
            #expect(error.code == .unresponsive, "\(error)")
            #expect(error.reason.contains("TLS handshake"), "\(error)")
        }
    }

    @Test func `redis at a port with TLS names the other scheme`() async throws {
        try await withTLS { _, _, port in
            for login in ["", ":password@"] {
                let error = try await refusal(of: "redis://\(login)localhost:\(port)?socket_timeout=600")
                #expect(error.code == .connectionLost)
                #expect(error.reason.contains("begins with rediss instead of redis"), "\(error)")
            }
        }
    }

    @Test func `a TLS alert in answer to a command names the other scheme`() async throws {
        let server = try FakeServer { peer in
            peer.read()
            // A fatal alert: unexpected message.
            peer.write([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x0a])
            peer.stall()
        }
        defer { server.stop() }
        let error = try await refusal(of: "unix://\(server.socketPath)")
        #expect(error.code == .tlsMismatch)
        #expect(error.reason.contains("speaks TLS"), "\(error)")
    }
}
