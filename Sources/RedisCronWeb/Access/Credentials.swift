/// What a request brings to be let in: the field `Authorization` of RFC 9110, section 11.6.2.
enum Credentials: Sendable, Hashable {
    /// RFC 6750.
    case bearer(token: [UInt8])
    /// RFC 7617; the password is the token.
    case basic(user: String, password: [UInt8])

    /// - Returns: `nil` for another scheme, and for what is none of its form.
    init?(_ field: String) {
        let parts = field.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard parts.count == 2 else { return nil }
        let rest = parts[1].drop { $0 == " " }
        switch parts[0].lowercased() {
        case "bearer": self = .bearer(token: Array(rest.utf8))
        case "basic":
            guard let decoded = Base64.decoded(rest.utf8), let colon = decoded.firstIndex(of: UInt8(ascii: ":")) else {
                return nil
            }
            self = .basic(
                user: String(decoding: decoded[..<colon], as: UTF8.self), password: Array(decoded[(colon + 1)...]))
        default: return nil
        }
    }
}

/// Base64 of RFC 4648, section 4.
enum Base64 {
    /// - Returns: `nil` for what is none.
    static func decoded(_ text: some BidirectionalCollection<UInt8>) -> [UInt8]? {
        var digits = text[...]
        var padding = 0
        while digits.last == UInt8(ascii: "="), padding < 2 {
            digits = digits.dropLast()
            padding += 1
        }
        guard (text.count).isMultiple(of: 4) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3)
        var (bits, count) = (UInt32(0), 0)
        for digit in digits {
            guard let value = value(of: digit) else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return bytes
    }

    private static func value(of digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): digit - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
