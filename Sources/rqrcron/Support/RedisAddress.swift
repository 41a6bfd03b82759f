/// Where Redis is, as the command line and the environment say it.
struct RedisAddress: Sendable, Equatable {
    /// The text of a URL.
    ///
    /// May hold a password: never to be shown.
    let url: String
    /// Where the URL comes from, for messages: `--url`, a variable, or the default.
    let source: String

    static let standard = RedisAddress(url: "redis://localhost:6379/0", source: "the default URL")

    /// Whether a word is meant as the URL of a Redis, well formed or not.
    static func isURL(_ word: String) -> Bool {
        let schemes = ["redis", "valkey", "unix"]
        let text = word.lowercased().drop { $0.isWhitespace }
        return text.contains("://") && schemes.contains { text.hasPrefix($0) }
    }

    /// Looks in the order of RQ: `--url`, `RQ_REDIS_URL`, `REDIS_URL`, then `REDIS_HOST` and its like.
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
        let host = environment["REDIS_HOST"] ?? "localhost"
        let bracketed = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
        let port = environment["REDIS_PORT"] ?? "6379"
        let database = environment["REDIS_DB"] ?? "0"
        let url = "\(isSecure ? "rediss" : "redis")://\(password)\(bracketed):\(port)/\(database)"
        return RedisAddress(url: url, source: set.joined(separator: ", "))
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
