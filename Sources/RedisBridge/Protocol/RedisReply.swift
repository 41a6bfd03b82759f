/// A reply with its own storage.
package enum RedisReply: Sendable, Hashable {
    /// A status line, such as `OK`.
    case status(String)
    /// A number.
    case integer(Int)
    /// A string of bytes.
    case bytes([UInt8])
    /// A list of replies.
    case array([RedisReply])
    /// Null: no such key, no such element.
    case null
    /// An error inside an array or a pipeline. An error that is the whole reply to one command is thrown instead.
    case error(RedisError)

    /// Copies a reply out of hiredis' memory.
    package init(_ view: borrowing RedisReplyView) {
        switch view.kind {
        case .status: self = .status(view.string ?? "")
        case .integer: self = .integer(view.integer ?? 0)
        case .bytes: self = .bytes(view.withBytes { $0.map { [UInt8]($0) } ?? [] })
        case .null: self = .null
        case .error: self = .error(view.error ?? .server(""))
        case .array:
            var elements: [RedisReply] = []
            elements.reserveCapacity(view.count)
            view.forEach { elements.append(RedisReply($0)) }
            self = .array(elements)
        }
    }

    /// The number, for `.integer`.
    package var integer: Int? {
        guard case .integer(let value) = self else { return nil }
        return value
    }

    /// The bytes, for `.bytes` and `.status`.
    package var bytes: [UInt8]? {
        switch self {
        case .bytes(let value): value
        case .status(let text): Array(text.utf8)
        default: nil
        }
    }

    /// The text, for `.bytes` and `.status`; invalid UTF-8 is replaced.
    package var string: String? {
        switch self {
        case .bytes(let value): String(decoding: value, as: UTF8.self)
        case .status(let text): text
        default: nil
        }
    }

    /// The elements, for `.array`.
    package var array: [RedisReply]? {
        guard case .array(let value) = self else { return nil }
        return value
    }

    /// Whether it is `.null`.
    package var isNull: Bool { self == .null }
}
