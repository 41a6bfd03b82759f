import Cron
import RedisBridge
import RedisCron

/// The Redis that the command line and the environment name.
struct RedisAddress: Sendable, Equatable {
    /// The URL as text.
    ///
    /// It may contain a password, so it is never shown.
    let url: String
    /// Where the URL comes from, for messages: `--url`, a variable, or the default.
    let source: String

    static let standard = RedisAddress(url: "redis://localhost:6379/0", source: "the default URL")

    /// Whether a word is meant as a Redis URL, well formed or not.
    static func isURL(_ word: String) -> Bool {
        let schemes = ["redis", "valkey", "unix"]
        let text = word.lowercased().drop { $0.isWhitespace }
        return text.contains("://") && schemes.contains { text.hasPrefix($0) }
    }

    /// Looks in the same order as RQ: `--url`, `RQ_REDIS_URL`, `REDIS_URL`, then `REDIS_HOST` and the other parts.
    init(arguments: ParsedArguments, environment: ProcessEnvironment) throws(UsageError) {
        if let url = arguments.text(.url) {
            guard !url.isEmpty else { throw UsageError("--url is empty") }
            self.init(url: url, source: "--url")
            return
        }
        for variable in ["RQ_REDIS_URL", "REDIS_URL"] {
            if let url = environment[variable] {
                self.init(url: url, source: variable)
                return
            }
        }
        self = try Self.fromParts(environment)
    }

    /// The address of an embedded Redis.
    init(embedded: EmbeddedRedis) {
        self.init(url: embedded.url, source: "the embedded Redis")
    }

    private init(url: String, source: String) {
        self.url = url
        self.source = source
    }

    private static func fromParts(_ environment: ProcessEnvironment) throws(UsageError) -> RedisAddress {
        let variables = ["REDIS_HOST", "REDIS_PORT", "REDIS_DB", "REDIS_PASSWORD", "REDIS_SSL"]
        let set = variables.filter { environment[$0] != nil }
        guard !set.isEmpty else { return standard }
        let isSecure = try Self.isSecure(environment)
        let password = environment["REDIS_PASSWORD"].map { ":\(percentEncode($0))@" } ?? ""
        let host = try environment["REDIS_HOST"].map(Self.host) ?? "localhost"
        let port = try Self.number("REDIS_PORT", in: 1...65_535, environment) ?? 6379
        let database = try Self.number("REDIS_DB", in: 0...Int(Int32.max), environment) ?? 0
        let url = "\(isSecure ? "rediss" : "redis")://\(password)\(host):\(port)/\(database)"
        return RedisAddress(url: url, source: set.joined(separator: ", "))
    }

    /// The host in the form that a URL takes.
    ///
    /// A text that is not a host may contain a password, so it is never shown.
    private static func host(_ text: String) throws(UsageError) -> String {
        let address = text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : text
        if NumericAddress.isIPv6(String(address.prefix { $0 != "%" })) {
            // The address's zone begins with %, which begins an escape in a URL.
            return "[\(address.split(separator: "%", omittingEmptySubsequences: false).joined(separator: "%25"))]"
        }
        let expected = "REDIS_HOST must be a host name or address"
        if text.contains("://") {
            throw UsageError("\(expected), but it is a URL; put that into RQ_REDIS_URL")
        }
        if text.hasPrefix("/") {
            throw UsageError("\(expected), but it is a path; for a socket use RQ_REDIS_URL=unix:///run/redis.sock")
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        if parts.count == 2, !parts[1].isEmpty, parts[1].allSatisfy({ ("0"..."9").contains($0) }) {
            throw UsageError("\(expected), but it has a port too; put that into REDIS_PORT")
        }
        let reserved: Set<Character> = [":", "/", "?", "#", "@", "[", "]", "%", "\\"]
        let isHost = text.allSatisfy { character in
            !reserved.contains(character) && !character.isWhitespace
                && character.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7F }
        }
        guard isHost else { throw UsageError("\(expected), such as redis.internal, 10.0.0.5 or ::1") }
        return text
    }

    /// The value of a variable: a whole number in decimal digits.
    private static func number(
        _ variable: String, in range: ClosedRange<Int>, _ environment: ProcessEnvironment
    ) throws(UsageError) -> Int? {
        guard let text = environment[variable] else { return nil }
        guard text.allSatisfy({ ("0"..."9").contains($0) }), let number = Int(text), range.contains(number) else {
            let bounds =
                variable == "REDIS_DB" ? "a database number, 0 or more" : "a port number, from 1 to 65535"
            // It may be a URL in the wrong variable.
            throw UsageError("\(variable) must be \(bounds)\(text.contains("@") ? "" : ", not '\(text)'")")
        }
        return number
    }

    private static func isSecure(_ environment: ProcessEnvironment) throws(UsageError) -> Bool {
        guard let text = environment["REDIS_SSL"] else { return false }
        switch text.lowercased() {
        case "y", "yes", "t", "true": return true
        case "n", "no", "f", "false": return false
        default: throw UsageError("REDIS_SSL must be True or False, not '\(text)'")
        }
    }

    private static func percentEncode(_ text: String) -> String {
        let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~".utf8)
        return text.utf8.map { byte in
            guard !plain.contains(byte) else { return String(UnicodeScalar(byte)) }
            return (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }
}

// MARK: Connections

extension RedisAddress {
    init(invocation: Invocation) throws(UsageError) {
        try self.init(arguments: invocation.arguments, environment: invocation.environment)
    }

    /// The parsed URL.
    ///
    /// - Throws: ``UsageError`` when it is malformed.
    func parsed() throws -> RedisURL {
        do {
            return try RedisURL(url)
        } catch {
            guard error.code == .invalidURL else { throw error }
            throw UsageError("\(source): \(error.reason); a URL looks like redis://user:password@host:6379/0")
        }
    }

    /// A client for the tool's own commands.
    func client(on loop: RedisEventLoop) throws -> RedisClient {
        RedisClient(url: try parsed(), on: loop)
    }

    /// Opens a connection for the duration of `body`.
    ///
    /// - Parameter zone: The zone of definitions that name none, as long as no scheduler has published one.
    /// - Throws: ``UsageError`` when the URL or the key prefix is malformed.
    func withConnection<Result>(
        _ invocation: Invocation, zone: ZoneRules, _ body: (RedisCronConnection) async throws -> Result
    ) async throws -> Result {
        try await withConnections([invocation.keyPrefix], zone: zone) { try await body($0[0]) }
    }

    /// Opens connections that share their links, one for each key prefix, for the duration of `body`.
    ///
    /// - Throws: As ``withConnection(_:zone:_:)``.
    func withConnections<Result>(
        _ keyPrefixes: [String], zone: ZoneRules, _ body: ([RedisCronConnection]) async throws -> Result
    ) async throws -> Result {
        let first = try RedisCronConnection(
            url: parsed(), keyPrefix: keyPrefixes.first ?? "rq", defaultZone: zone)
        let connections =
            try [first] + keyPrefixes.dropFirst().map { try RedisCronConnection(sharingLinksOf: first, keyPrefix: $0) }
        let result: Result
        do {
            result = try await body(connections)
        } catch let failure as PrefixFailure {
            let connection = connections.first { $0.keyPrefix == failure.keyPrefix } ?? first
            let explained = PrefixFailure(
                keyPrefix: failure.keyPrefix, cause: await connection.explaining(failure.cause))
            for connection in connections { await connection.close() }
            throw explained
        } catch {
            let explained = await first.explaining(error)
            for connection in connections { await connection.close() }
            throw explained
        }
        for connection in connections { await connection.close() }
        return result
    }
}

extension Invocation {
    /// What every key starts with.
    var keyPrefix: String { arguments.text(.keyPrefix) ?? environment["RQ_KEY_PREFIX"] ?? "rq" }

    /// Connects to the Redis that was named, for the duration of `body`.
    func withConnection<Result>(_ body: (RedisCronConnection) async throws -> Result) async throws -> Result {
        try await RedisAddress(invocation: self).withConnection(self, zone: zone(), body)
    }
}

extension CommandOption {
    static let url = CommandOption(
        "url", short: "u", value: .required("URL"),
        summary: """
            The Redis to use: redis://user:password@host:port/db, rediss://… with TLS, or unix://path?db=N. \
            Default: redis://localhost:6379/0.
            """,
        environment: "RQ_REDIS_URL")

    static let keyPrefix = CommandOption(
        "key-prefix", value: .required("PREFIX"),
        summary: "The prefix of every key. Default: rq.",
        environment: "RQ_KEY_PREFIX")
}

extension OptionRule {
    /// The options of every command that talks to Redis.
    static let connection: [OptionRule] = [.optional(.url), .optional(.keyPrefix)]
}
