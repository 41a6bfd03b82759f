/// What the query of a Redis URL says.
///
/// redis-py hands every name on to its connection class, which knows these. Those that tune redis-py itself (its pool,
/// its retries, its decoding) have nothing to tune here: they are checked as redis-py checks them, and otherwise left
/// aside, so that one URL serves both. A name that redis-py does not know is an error here as there.
struct RedisURLQuery {
    var options = RedisConnectionOptions()
    private(set) var hasDatabase = false
    private(set) var host: String?
    private(set) var path: String?
    private var portText: String?

    var port: UInt16? {
        get throws(RedisError) {
            guard let portText else { return nil }
            guard let port = PythonNumber.integer(portText).flatMap(UInt16.init(exactly:)), port != 0 else {
                throw .invalidOption("port", "a number from 1 to 65535")
            }
            return port
        }
    }

    init(_ query: String) throws(RedisError) {
        var seen: Set<String> = []
        for pair in query.split(separator: "&") {
            guard let equals = pair.firstIndex(of: "=") else { continue }
            let name = Self.decoded(pair[..<equals])
            let value = Self.decoded(pair[pair.index(after: equals)...])
            // Of several values the first counts, and an empty one not at all.
            guard !value.isEmpty, seen.insert(name).inserted else { continue }
            try take(name, value)
        }
        if hasSocketTimeout, !hasConnectTimeout {
            options.connectTimeout = options.commandTimeout
        }
    }

    private var hasSocketTimeout = false
    private var hasConnectTimeout = false

    private static func decoded(_ text: Substring) -> String {
        URLParts.decoded(String(text.map { $0 == "+" ? " " : $0 }))
    }

    private mutating func take(_ name: String, _ value: String) throws(RedisError) {
        switch name {
        case "db":
            options.database = try Self.integer(name, value)
            hasDatabase = true
        case "username": options.username = value
        case "password": options.password = RedisSecret(value)
        case "client_name": options.clientName = value
        case "host": host = value
        case "port": portText = value
        case "path": path = value
        case "socket_timeout":
            options.commandTimeout = try Self.seconds(name, value)
            hasSocketTimeout = true
        case "socket_connect_timeout":
            options.connectTimeout = try Self.seconds(name, value)
            hasConnectTimeout = true
        case "health_check_interval":
            let seconds = try Self.integer(name, value)
            options.healthCheckInterval = seconds > 0 ? .seconds(seconds) : nil
        case "socket_read_size", "max_connections", "ssl_min_version", "protocol":
            _ = try Self.integer(name, value)
        case "timeout":
            guard PythonNumber.finite(value) != nil else { throw .invalidOption(name, "a number") }
        case "socket_keepalive", "retry_on_timeout", "retry_on_error", "legacy_responses", "encoding",
            "encoding_errors", "decode_responses", "lib_name", "lib_version":
            break
        default:
            // A `?` in a password that was not encoded makes an option of its rest, which must not be shown.
            throw .invalidURL(
                value.contains("@")
                    ? "unknown option; a '?' in a password is written %3F" : "unknown option '\(name)'")
        }
    }

    private static func integer(_ name: String, _ value: String) throws(RedisError) -> Int {
        guard let number = PythonNumber.integer(value) else { throw .invalidOption(name, "a whole number") }
        return number
    }

    private static func seconds(_ name: String, _ value: String) throws(RedisError) -> Duration {
        guard let number = PythonNumber.finite(value), number > 0, number < 1e9 else {
            throw .invalidOption(name, "a positive number of seconds")
        }
        return .seconds(number)
    }
}

extension RedisError {
    fileprivate static func invalidOption(_ name: String, _ expected: String) -> RedisError {
        .invalidURL("option '\(name)' must be \(expected)")
    }
}
