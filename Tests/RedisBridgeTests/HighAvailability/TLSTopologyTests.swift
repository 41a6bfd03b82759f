import TestSupport
import Testing

@testable import RedisBridge

/// Sentinels and clusters that speak TLS everywhere, in some places only, or with a bad certificate.
@Suite(.timeLimit(.minutes(5))) struct TLSTopologyTests {
    /// A master and a sentinel, each with a port for TLS and one without; the sentinel names the master by one of them.
    private func withSentinel(
        serversSpeakTLS: Bool,
        _ body: (_ certificates: TLSCertificates, _ sentinel: RedisServer, _ master: RedisServer) async throws -> Void
    ) async throws {
        try await withTLSCertificates { certificates in
            try await withRedis(.init(tls: certificates)) { master in
                let port = serversSpeakTLS ? try #require(master.tlsPort) : master.port
                let lines =
                    ["sentinel monitor mymaster 127.0.0.1 \(port) 1"] + (serversSpeakTLS ? ["tls-replication yes"] : [])
                try await withRedis(.init(lines: lines, isSentinel: true, tls: certificates)) { sentinel in
                    try await body(certificates, sentinel, master)
                }
            }
        }
    }

    @Test(arguments: [true, false], [true, false])
    func `the URL says separately whether sentinels and servers speak TLS`(
        sentinels: Bool, servers: Bool
    ) async throws {
        try await withSentinel(serversSpeakTLS: servers) { certificates, sentinel, master in
            let port = sentinels ? try #require(sentinel.tlsPort) : sentinel.port
            let scheme = servers ? "rediss" : "redis"
            var options = sentinels || servers ? ["ssl_ca_certs=\(certificates.authority)"] : []
            // If both do the same, the URL needs no option.
            if sentinels != servers { options.append("sentinel_ssl=\(sentinels)") }
            let url = "\(scheme)+sentinel://127.0.0.1:\(port)/mymaster?\(options.joined(separator: "&"))"
            let client = RedisClient(url: try RedisURL(url), on: try RedisEventLoop())
            // A sentinel gets one second to answer, which a busy machine may need.
            try await eventually("the sentinel to answer", within: .seconds(30)) {
                (try? await client.send(RedisCommand("PING"))) == .status("PONG")
            }
            let expected: RedisEndpoint =
                servers
                ? .tls(host: "127.0.0.1", port: UInt16(try #require(master.tlsPort)))
                : .tcp(host: "127.0.0.1", port: UInt16(master.port))
            #expect(try await client.connection().endpoint == expected)
            await client.close()
        }
    }

    /// From every wrong URL the messages lead to the right one, and never back.
    @Test(arguments: [true, false], [true, false])
    func `error messages lead from a wrong URL to the right one, not in a circle`(
        sentinels: Bool, servers: Bool
    ) async throws {
        try await withSentinel(serversSpeakTLS: servers) { certificates, sentinel, _ in
            let port = sentinels ? try #require(sentinel.tlsPort) : sentinel.port
            for start in [(true, nil), (false, nil), (true, false), (false, true)] as [(Bool, Bool?)] {
                var (isSecure, option) = start
                var steps: [String] = []
                while true {
                    let query = [
                        option.map { "sentinel_ssl=\($0 ? "True" : "False")" },
                        isSecure || option == true ? "ssl_ca_certs=\(certificates.authority)" : nil,
                    ].compactMap { $0 }.joined(separator: "&")
                    let url = "\(isSecure ? "rediss" : "redis")+sentinel://127.0.0.1:\(port)/mymaster?\(query)"
                    let error: RedisError
                    do throws(RedisError) {
                        await (try opened(url)).close()
                        break
                    } catch let failure {
                        error = failure
                    }
                    // A sentinel gets one second to answer, which a busy machine may need.
                    if error.reason.contains("within 1 s") { continue }
                    steps.append("\(url): \(error.reason)")
                    try #require(steps.count <= 3, "\(steps)")
                    // As a reader would: follow the first advice, unless it has a condition that does not hold.
                    let reason = error.reason
                    if reason.contains("take sentinel_ssl") {
                        option = nil
                    } else if reason.contains("if the servers speak no TLS"), !servers {
                        option = true
                    } else if reason.contains("if the servers speak none either"), !servers {
                        isSecure = false
                    } else {
                        if reason.contains("begin the URL with rediss+sentinel://") { isSecure = true }
                        if reason.contains("begin the URL with redis+sentinel://"), !servers { isSecure = false }
                        if reason.contains("add sentinel_ssl=False") { option = false }
                        if reason.contains("add sentinel_ssl=True"), !servers { option = true }
                    }
                }
                #expect((isSecure, option ?? isSecure) == (servers, sentinels), "\(steps)")
            }
        }
    }

    @Test func `a cluster whose first node has a bad certificate is reached through the others`() async throws {
        try await withTLSCertificates { certificates in
            let elsewhere = try await certificates.issue("elsewhere", for: "DNS:elsewhere.example")
            try await withCluster(tls: certificates) { nodes in
                let (owner, bad) = try nodes.owner(of: "{rq}:key")
                try bad.command("CONFIG", "SET", "tls-cert-file", elsewhere.certificate, "tls-key-file", elsewhere.key)
                let ports = ([bad] + nodes.filter { $0.port != bad.port }).compactMap(\.tlsPort)
                let hosts = ports.map { "127.0.0.1:\($0)" }.joined(separator: ",")
                let url = "rediss+cluster://\(hosts)?ssl_ca_certs=\(certificates.authority)"
                let client = try await opened(url)
                _ = try await client.send(RedisCommand("SET", "{rq}:key", "value"))
                #expect(try owner.command("GET", "{rq}:key").string == "value")
                await client.close()

                for node in nodes {
                    try node.command(
                        "CONFIG", "SET", "tls-cert-file", elsewhere.certificate, "tls-key-file", elsewhere.key)
                }
                let error = try await refusal(of: url)
                #expect(error.code == .tlsFailed)
                #expect(error.reason.contains("none of the 3 nodes"), "\(error)")
                #expect(error.reason.contains("ssl_check_hostname"), "\(error)")
                // A mistake on our side is not blamed on a node.
                let own = try await refusal(of: "rediss+cluster://\(hosts)?ssl_ca_certs=/no/such.pem")
                #expect(own.code == .tlsMisconfigured)
                #expect(!own.reason.contains("nodes"), "\(own)")
            }
        }
    }
}
