/// The parts of a URL as Python's `urllib.parse.urlparse` takes them apart, not yet percent-decoded.
struct URLParts {
    enum Scheme: String, CaseIterable {
        case redis, rediss, unix
        case sentinel = "redis+sentinel"
        case secureSentinel = "rediss+sentinel"
        case cluster = "redis+cluster"
        case secureCluster = "rediss+cluster"

        var isSecure: Bool {
            switch self {
            case .rediss, .secureSentinel, .secureCluster: true
            case .redis, .unix, .sentinel, .cluster: false
            }
        }

        /// Whether it takes several addresses, separated by commas.
        var takesSeveralHosts: Bool {
            switch self {
            case .redis, .rediss, .unix: false
            case .sentinel, .secureSentinel, .cluster, .secureCluster: true
            }
        }
    }

    let scheme: Scheme
    let username: String?
    let password: String?
    /// One, perhaps without a host; more if the scheme takes them.
    let addresses: [URLAddress]
    let path: String
    let query: String

    init(_ text: String) throws(RedisError) {
        guard let scheme = Scheme.allCases.first(where: { text.hasPrefix("\($0.rawValue)://") }) else {
            throw .invalidURL("it must begin with redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://")
        }
        self.scheme = scheme
        let rest = text.dropFirst(scheme.rawValue.count + 3)
        let authority = rest.prefix { !"/?#".contains($0) }
        let afterAuthority = rest[authority.endIndex...].prefix { $0 != "#" }
        path = String(afterAuthority.prefix { $0 != "?" })
        query = String(afterAuthority.dropFirst(path.count).dropFirst())
        // A `/`, `?` or `#` in a password that is not percent-encoded ends the authority: the rest of the password
        // would be taken for the path and its beginning for a host, and errors show both.
        let isPathAlone = scheme == .unix && authority.isEmpty
        guard !rest[afterAuthority.endIndex...].contains("@"), isPathAlone || !path.contains("@") else {
            throw .strayLogin
        }

        let at = authority.lastIndex(of: "@")
        let login = at.map { authority[..<$0] }
        let address = at.map { authority[authority.index(after: $0)...] } ?? authority
        username = login.map { String($0.prefix { $0 != ":" }) }
        password = login.flatMap { login in
            login.firstIndex(of: ":").map { String(login[login.index(after: $0)...]) }
        }
        guard scheme.takesSeveralHosts else {
            guard authority.contains("[") == authority.contains("]") else { throw .unbalancedBrackets }
            addresses = [try URLAddress(address)]
            return
        }
        var addresses: [URLAddress] = []
        for part in address.split(separator: ",", omittingEmptySubsequences: false) {
            guard part.contains("[") == part.contains("]") else { throw .unbalancedBrackets }
            addresses.append(try URLAddress(part))
        }
        self.addresses = addresses
    }

    /// Percent-decoded as UTF-8; invalid escapes stay, invalid UTF-8 is replaced.
    static func decoded(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return text }
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let high = hexDigit(rest[rest.startIndex]), let low = hexDigit(rest[rest.startIndex + 1])
            {
                bytes.append(high << 4 | low)
                rest.removeFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        Character(UnicodeScalar(byte)).hexDigitValue.map(UInt8.init)
    }
}

/// `host:port` in a URL, as urllib reads it.
struct URLAddress {
    /// In lower case, as in urllib; `nil` when empty.
    let host: String?
    private let portText: String?

    init(_ address: Substring) throws(RedisError) {
        let (hostText, portText) = try Self.split(address)
        // The zone of an IPv6 address keeps its case.
        let name = hostText.prefix { $0 != "%" }
        let whole = name.lowercased() + hostText[name.endIndex...]
        host = whole.isEmpty ? nil : whole
        self.portText = portText.isEmpty ? nil : String(portText)
    }

    private static func split(_ address: Substring) throws(RedisError) -> (host: Substring, port: Substring) {
        guard let open = address.firstIndex(of: "[") else {
            let host = address.prefix { $0 != ":" }
            return (host, address[host.endIndex...].dropFirst())
        }
        let inside = address[address.index(after: open)...].prefix { $0 != "]" }
        let after = address[inside.endIndex...].dropFirst()
        guard open == address.startIndex, after.isEmpty || after.hasPrefix(":"), isIPv6(inside) else {
            throw .invalidURL("only an IPv6 address may be in brackets, and only a port may follow them")
        }
        return (inside, after.dropFirst())
    }

    private static func isIPv6(_ text: Substring) -> Bool {
        NumericAddress.isIPv6(String(text.prefix { $0 != "%" }))
    }

    /// The port; `nil` without one, or for 0, which redis-py treats the same.
    var port: UInt16? {
        get throws(RedisError) {
            guard let portText else { return nil }
            guard portText.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(portText) else {
                // Not quoted: it could be a password whose `@` was forgotten.
                throw .invalidURL("the port must be a number from 0 to 65535")
            }
            return port == 0 ? nil : port
        }
    }
}

extension RedisError {
    static func invalidURL(_ reason: String) -> RedisError {
        RedisError(.invalidURL, "not a URL of a Redis server: \(reason)")
    }

    /// An `@` where no log-in can end.
    static var strayLogin: RedisError {
        .invalidURL(
            "there is an '@' after host and port; in a user name or password, '/' is written %2F, '?' %3F and '#' %23")
    }

    fileprivate static var unbalancedBrackets: RedisError {
        .invalidURL("an IPv6 address must be in brackets, as in redis://[::1]:6379")
    }
}
