/// The query of a Redis URL.
///
/// redis-py passes every option to its connection class, which knows these. Those that tune redis-py itself (its pool,
/// its retries, its decoding) are checked as redis-py checks them and have no effect, so that one URL serves both. An
/// option that redis-py does not know is an error here as there.
struct RedisURLQuery {
    var options = RedisConnectionOptions()
    private(set) var host: String?
    private(set) var path: String?
    private(set) var sentinelUsername: String?
    private(set) var sentinelPassword: RedisSecret?
    /// Whether the sentinels speak TLS, if the URL says so separately from the servers.
    private(set) var sentinelsSpeakTLS: Bool?
    private var portText: String?
    private var hasDatabase = false
    private var hasSocketTimeout = false
    private var hasConnectTimeout = false
    /// The name of the first TLS option.
    private var tlsOption: String?
    private let scheme: URLParts.Scheme
    /// Whether an error may show the name of an unknown option.
    ///
    /// After a `?` in a password that was not percent-encoded, the rest of the password up to the `@` looks like
    /// options; so does the rest after a `&` in the value of a password option.
    private var mayShowNames: Bool

    var port: UInt16? {
        get throws(RedisError) {
            guard let portText else { return nil }
            guard let port = PythonNumber.integer(portText).flatMap(UInt16.init(exactly:)), port != 0 else {
                throw .invalidOption("port", "a number from 1 to 65535")
            }
            return port
        }
    }

    init(_ query: String, for scheme: URLParts.Scheme) throws(RedisError) {
        self.scheme = scheme
        mayShowNames = !query.contains("@")
        var seen: Set<String> = []
        for pair in query.split(separator: "&") {
            guard let equals = pair.firstIndex(of: "=") else {
                guard !pair.contains("@") else { throw .strayLogin }
                continue
            }
            let name = Self.decoded(pair[..<equals])
            let value = Self.decoded(pair[pair.index(after: equals)...])
            // The first of several values counts; an empty one is ignored.
            if !value.isEmpty, seen.insert(name).inserted { try take(name, value) }
            if name.hasSuffix("password") { mayShowNames = false }
        }
        if let tlsOption, !scheme.isSecure, sentinelsSpeakTLS != true {
            let way = scheme == .sentinel ? "rediss or has sentinel_ssl=True" : "rediss"
            throw .invalidOption(tlsOption, "left out unless the URL begins with \(way)")
        }
        if hasSocketTimeout, !hasConnectTimeout {
            options.connectTimeout = options.commandTimeout
        }
    }

    /// Takes the database from the path, unless the query has one.
    mutating func takeDatabase(fromPath digits: String) {
        if !hasDatabase {
            options.database = PythonNumber.integer(digits) ?? 0
        }
    }

    private static func decoded(_ text: Substring) -> String {
        URLParts.decoded(String(text.map { $0 == "+" ? " " : $0 }))
    }

    private mutating func take(_ name: String, _ value: String) throws(RedisError) {
        guard Self.isPlain(name) else { throw .unknownOption(nil) }
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
        case "socket_read_size", "max_connections", "protocol":
            _ = try Self.integer(name, value)
        case "timeout":
            guard PythonNumber.finite(value) != nil else { throw .invalidOption(name, "a number") }
        case "socket_keepalive", "retry_on_timeout", "retry_on_error", "legacy_responses", "encoding",
            "encoding_errors", "decode_responses", "lib_name", "lib_version":
            break
        default:
            if try takeSentinelOption(name, value) { return }
            if try takeTLSOption(name, value) { return }
            throw .unknownOption(mayShowNames ? name : nil)
        }
    }

    /// Whether a name looks like an option's, so that an error may show it.
    private static func isPlain(_ name: String) -> Bool {
        let isWord = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_-.".contains($0)) }
        return isWord && name.utf8.count <= 64
    }

    private mutating func takeSentinelOption(_ name: String, _ value: String) throws(RedisError) -> Bool {
        guard scheme == .sentinel || scheme == .secureSentinel else { return false }
        switch name {
        case "sentinel_username": sentinelUsername = value
        case "sentinel_password": sentinelPassword = RedisSecret(value)
        case "sentinel_ssl":
            switch value.lowercased() {
            case "true", "yes", "1": sentinelsSpeakTLS = true
            case "false", "no", "0": sentinelsSpeakTLS = false
            default: throw .invalidOption(name, "True or False")
            }
        default: return false
        }
        return true
    }

    private mutating func takeTLSOption(_ name: String, _ value: String) throws(RedisError) -> Bool {
        // A later option may still say that TLS is spoken.
        if name.hasPrefix("ssl_"), tlsOption == nil { tlsOption = mayShowNames ? name : "ssl_…" }
        switch name {
        case "ssl_ca_certs": options.tls.trustedFile = value
        case "ssl_ca_path": options.tls.trustedFolder = value
        case "ssl_certfile": options.tls.certificateFile = value
        case "ssl_keyfile": options.tls.keyFile = value
        case "ssl_password": options.tls.keyPassword = RedisSecret(value)
        case "ssl_check_hostname":
            options.tls.checksHostname = !["0", "F", "FALSE", "N", "NO"].contains(value.uppercased())
        case "ssl_min_version":
            guard let version = PythonNumber.integer(value), (771...772).contains(version) else {
                throw .invalidOption(name, "771 (TLS 1.2) or 772 (TLS 1.3)")
            }
            options.tls.minimumVersion = version
        case "ssl_cert_reqs":
            guard let verification = RedisTLSOptions.Verification(rawValue: value) else {
                throw .invalidOption(name, "none, optional or required")
            }
            options.tls.verification = verification
        default: return false
        }
        return true
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
    /// - Parameter name: `nil` when it must not be shown.
    fileprivate static func unknownOption(_ name: String?) -> RedisError {
        guard let name else {
            return .invalidURL("unknown option; in a password, '?' is written %3F and '&' %26")
        }
        return .invalidURL("unknown option '\(name)'")
    }

    fileprivate static func invalidOption(_ name: String, _ expected: String) -> RedisError {
        .invalidURL("option '\(name)' must be \(expected)")
    }
}

/// Numbers in the forms that Python's `int()` and `float()` read, which redis-py applies to a URL.
///
/// `RQWire.PythonInteger` reads fields of a hash by other rules: ASCII only, and a number that is too large is told
/// apart. This module knows nothing of RQ.
enum PythonNumber {
    /// `int(text)` within 64 bits: surrounded by blanks, with a sign, with underscores between digits.
    static func integer(_ text: String) -> Int? {
        plain(text).flatMap { Int($0) }
    }

    /// `float(text)`, if finite.
    static func finite(_ text: String) -> Double? {
        guard let plain = plain(text), !plain.lowercased().contains("x") else { return nil }
        return Double(plain).flatMap { $0.isFinite ? $0 : nil }
    }

    private static func plain(_ text: String) -> String? {
        let trimmed = text.trimmingBlanks
        let characters = Array(trimmed)
        for (index, character) in characters.enumerated() where character == "_" {
            // Only between two digits.
            guard index > 0, index + 1 < characters.count, characters[index - 1].isNumber,
                characters[index + 1].isNumber
            else { return nil }
        }
        return String(String.UnicodeScalarView(trimmed.unicodeScalars.filter { $0 != "_" }.map(latinDigit)))
    }

    /// Python reads the decimal digits of every script.
    private static func latinDigit(_ scalar: UnicodeScalar) -> UnicodeScalar {
        guard !scalar.isASCII, scalar.properties.numericType == .decimal, let value = scalar.properties.numericValue
        else { return scalar }
        return UnicodeScalar(UInt8(ascii: "0") + UInt8(value))
    }
}

extension String {
    fileprivate var trimmingBlanks: String {
        let start = drop { $0.isWhitespace }
        let end = start.reversed().drop { $0.isWhitespace }
        return String(end.reversed())
    }
}
