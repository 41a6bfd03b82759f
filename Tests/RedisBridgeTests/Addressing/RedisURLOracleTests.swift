import TestSupport
import Testing

@testable import RedisBridge

/// redis-py reads every URL as well; both must read the same, or both must refuse it.
///
/// One exception is intended: an `@` after the authority, which redis-py takes for a part of the path, is refused here.
@Suite(.timeLimit(.minutes(2))) struct RedisURLOracleTests {
    /// Prints one line for each URL on standard input: what redis-py reads, or `refused`.
    private static let oracle = """
        import sys, redis
        from redis.connection import parse_url, UnixDomainSocketConnection, SSLConnection, Connection
        for line in sys.stdin.read().split("\\0"):
            try:
                pool = redis.ConnectionPool.from_url(line)
                connection = pool.connection_class(**pool.connection_kwargs)
                pairs = [str(connection.username or ""), str(connection.password or ""), str(connection.db or 0)]
                if isinstance(connection, UnixDomainSocketConnection):
                    # redis-py notices only when it connects that there is no path.
                    assert connection.path
                    place = "unix " + connection.path
                else:
                    kind = "tls " if isinstance(connection, SSLConnection) else "tcp "
                    place = kind + connection.host + " " + str(connection.port)
                name = str(connection.client_name or "")
                print("|".join([place] + pairs + [name]).replace("\\n", "\\\\n"))
            except Exception as error:
                print("refused")
        """

    private static func reading(_ text: String) -> String {
        guard let url = try? RedisURL(text), case .server(let endpoint) = url.location else { return "refused" }
        let place =
            switch endpoint {
            case .tcp(let host, let port): "tcp \(host) \(port)"
            case .tls(let host, let port): "tls \(host) \(port)"
            case .unix(let path): "unix \(path)"
            }
        let options = url.options
        return [
            place, options.username ?? "", options.password?.value ?? "", String(options.database),
            options.clientName ?? "",
        ].joined(separator: "|")
    }

    private static func isStrayLogin(_ text: String) -> Bool {
        let rest = text.split(separator: "//", maxSplits: 1).last ?? ""
        guard rest.drop(while: { !"/?#".contains($0) }).contains("@") else { return false }
        do {
            _ = try RedisURL(text)
            return false
        } catch {
            return error == .strayLogin
        }
    }

    private static func compare(_ urls: [String]) async throws -> [String] {
        let python = try PythonEnvironment()
        let output = try await python.run(["-c", oracle], input: urls.joined(separator: "\0"))
        let lines = output.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
        try #require(lines.count == urls.count)
        return zip(urls, lines).filter { reading($0) != $1 && !isStrayLogin($0) }.map {
            "\($0): \(reading($0)) here, \($1) there"
        }
    }

    @Test func `common URLs mean the same as in redis-py`() async throws {
        let logins = [
            "", "user@", ":pw@", "user:pw@", "us%40er:p%3Aw%2F@", "user:@", "a:b:c@", "u@v:w@", "%FF:%41@", "ü:ö@",
        ]
        let hosts = [
            "", "localhost", "127.0.0.1", "[::1]", "[2001:DB8::1]", "[fe80::1%25eth0]", "EXAMPLE.com", "a-b.c_d",
            "host%2Ename",
            "[::ffff:1.2.3.4]", "::1", "[host]", "[::1", "::1]", "häst",
        ]
        let ports = ["", ":", ":0", ":6380", ":65535", ":65536", ":-1", ":x", ":+1", ": 1", ":１"]
        let paths = ["", "/", "/0", "/15", "/-1", "/x", "/1/2", "//3", "/%31", "/ 4", "/1_0", "/٣"]
        let queries = [
            "", "?db=7", "?db=x", "?db=", "?db=3&db=4", "?password=qp&username=qu", "?client_name=my+name%21",
            "?socket_timeout=1.5",
            "?socket_timeout=x", "?unknown=1", "?host=other&port=1", "?db=1;password=x", "?max_connections=9",
            "?retry_on_timeout=yes",
            "#fragment", "?db=2#f", "?health_check_interval=30", "?port=77", "?protocol=2",
        ]
        var urls: [String] = []
        for scheme in ["redis", "rediss"] {
            for login in logins { urls.append("\(scheme)://\(login)h:1/2") }
            for host in hosts { for port in ports { urls.append("\(scheme)://\(host)\(port)/1") } }
            for path in paths { for query in queries { urls.append("\(scheme)://h\(path)\(query)") } }
        }
        for path in ["", "/run/r.sock", "/a%20b", "/a%2Fb", "relative/x", "//two"] {
            for query in queries where !query.contains("port=") {
                for login in logins.prefix(5) { urls.append("unix://\(login)\(path)\(query)") }
            }
        }
        urls += [
            "", "redis", "redis:/", "REDIS://h", " redis://h", "redis://h ", "redis:///3", "redis://?db=1",
            "redis://h:1:2", "redis://h\t/1",
        ]
        let differences = try await Self.compare(urls)
        #expect(
            differences.count == 0,
            "\(differences.count) of \(urls.count):\n\(differences.prefix(40).joined(separator: "\n"))")
    }

    /// Without brackets: in a wrong place, each version of urllib reads them differently.
    @Test(.seeded) func `random URLs mean the same as in redis-py`() async throws {
        var generator = SeededGenerator.ofTest()
        let pieces = [
            ":", "@", "/", "//", "?", "&", "=", "#", "::1", "%40", "%", "%4", "%C3%A4", "+", "user", "pw",
            "host", "6379", "0", "1",
            "db", "?db=", "&password=", "é", " ", ".", "-", "_", ",", ";", "!", "$", "'", "(",
        ]
        let urls = (0..<5000).map { _ in
            let scheme = ["redis://", "rediss://", "unix://"].randomElement(using: &generator) ?? ""
            return scheme
                + (0..<Int.random(in: 0...9, using: &generator)).map { _ in
                    pieces.randomElement(using: &generator) ?? ""
                }
                .joined()
        }
        let differences = try await Self.compare(urls)
        #expect(
            differences.count == 0,
            "\(differences.count) of \(urls.count):\n\(differences.prefix(40).joined(separator: "\n"))")
    }
}
