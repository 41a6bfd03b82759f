/// The parts of a webhook's URL, as far as RQ and Python's `urlopen` care.
struct WebhookURL {
    private let text: String
    /// What stands before `://`, in lower case; `nil` where there is none.
    private let scheme: String?
    /// User and password, if there are any.
    private let hasUser: Bool
    /// Host and port.
    private let address: Substring
    /// The path, without query and fragment.
    private let path: Substring

    init(_ text: String) {
        self.text = text
        guard let separator = text.firstRange(of: "://") else {
            (scheme, hasUser, address, path) = (nil, false, "", "")
            return
        }
        scheme = text[..<separator.lowerBound].lowercased()
        let rest = text[separator.upperBound...]
        let authority = rest.prefix { !"/?#".contains($0) }
        path = rest[authority.endIndex...].prefix { !"?#".contains($0) }
        let at = authority.lastIndex(of: "@")
        hasUser = at != nil
        address = at.map { authority[authority.index(after: $0)...] } ?? authority
    }

    /// The URL without what may be secret: user, password, query and fragment.
    var display: String {
        guard let scheme, complaint == nil || hasUser else { return "a URL that cannot be used" }
        let isCut = text.contains("?") || text.contains("#")
        return "\(scheme)://\(address)\(path)\(isCut ? "?…" : "")"
    }

    /// Why no worker could send it, as words behind its name, without any part of it; `nil` if one can.
    ///
    /// RQ asks for scheme and host alone. `urlopen` refuses the rest when the webhook is sent, and RQ only logs that.
    var complaint: String? {
        guard scheme == "http" || scheme == "https" else { return "must begin with http:// or https://" }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            return "must be of printable ASCII without blanks; write other characters as %20 and the like"
        }
        guard !hasUser else {
            return "must hold no user and password: workers cannot send them; use a header"
        }
        guard let (host, port) = hostAndPort, !host.isEmpty else {
            return "must have a host, such as https://example.com/hook"
        }
        guard port.isEmpty || Int(port).map({ (1...65_535).contains($0) }) == true else {
            return "must have a port from 1 to 65535, or none"
        }
        return nil
    }

    private var hostAndPort: (host: Substring, port: Substring)? {
        if address.first == "[" {
            guard let end = address.firstIndex(of: "]") else { return nil }
            let rest = address[address.index(after: end)...]
            guard rest.isEmpty || rest.first == ":" else { return nil }
            return (address[address.index(after: address.startIndex)..<end], rest.dropFirst())
        }
        guard let colon = address.firstIndex(of: ":") else { return (address, "") }
        return (address[..<colon], address[address.index(after: colon)...])
    }

    /// Whether RQ can make a webhook of a URL without a complaint.
    ///
    /// RQ asks for less than we do, except that Python raises an error for brackets without an IPv6 address in them.
    var isReadByRQ: Bool {
        guard address.contains(where: { "[]".contains($0) }) else { return true }
        guard address.first == "[", let (host, port) = hostAndPort else { return false }
        return Self.isIPv6(host) && !port.contains { "[]".contains($0) }
    }

    /// Whether it is an address of eight groups, of which `::` may stand for some.
    private static func isIPv6(_ text: Substring) -> Bool {
        let halves = text.split(separator: "::", omittingEmptySubsequences: false)
        let groups = halves.flatMap { $0.isEmpty ? [] : $0.split(separator: ":", omittingEmptySubsequences: false) }
        guard halves.count == 1 ? groups.count == 8 : halves.count == 2 && groups.count < 8 else { return false }
        return groups.allSatisfy { group in
            (1...4).contains(group.count) && group.allSatisfy { $0.isASCII && $0.isHexDigit }
        }
    }
}
