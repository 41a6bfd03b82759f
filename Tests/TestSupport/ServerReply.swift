/// What a redis-server answered, as read by ``ServerConnection``.
public enum ServerReply: Sendable, Hashable {
    /// `+OK`
    case status(String)
    /// `-ERR …`, which only ``ServerConnection/pipeline(_:)`` hands out: a single command throws it.
    case error(String)
    /// `:1`
    case integer(Int)
    /// `$3`, binary as it is.
    case bulk([UInt8])
    /// `*2`
    case array([ServerReply])
    /// `$-1` or `*-1`
    case null

    /// The text of a status or a bulk, UTF-8 repaired where it is none; `nil` for every other reply.
    public var string: String? {
        switch self {
        case .status(let text): text
        case .bulk(let bytes): String(decoding: bytes, as: UTF8.self)
        default: nil
        }
    }

    /// The very bytes of a bulk; `nil` for every other reply.
    public var bytes: [UInt8]? {
        if case .bulk(let bytes) = self { bytes } else { nil }
    }

    /// An integer, or a bulk that is one.
    public var integer: Int? {
        if case .integer(let number) = self { number } else { string.flatMap { Int($0) } }
    }

    /// A bulk that is a decimal number, such as a score.
    public var double: Double? { string.flatMap { Double($0) } }

    /// The elements of an array; empty for every other reply.
    public var array: [ServerReply] {
        if case .array(let elements) = self { elements } else { [] }
    }

    /// The elements of an array that are text.
    public var strings: [String] { array.compactMap(\.string) }

    /// An array of names and values in turn (`HGETALL`), the values binary as they are.
    public var fields: [String: [UInt8]] {
        var fields: [String: [UInt8]] = [:]
        for index in stride(from: 0, to: array.count - 1, by: 2) {
            if let name = array[index].string { fields[name] = array[index + 1].bytes }
        }
        return fields
    }

    /// An array of names and values in turn, the values as text.
    public var textFields: [String: String] {
        fields.mapValues { String(decoding: $0, as: UTF8.self) }
    }
}
