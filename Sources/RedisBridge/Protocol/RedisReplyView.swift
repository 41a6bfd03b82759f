import CHiredis

/// A reply in hiredis' memory: reading it copies nothing.
///
/// It is lent to the closure that decodes it, on the event loop's thread, and freed when that returns; it cannot be
/// copied or kept.
package struct RedisReplyView: ~Copyable {
    /// The kinds of reply.
    package enum Kind: Sendable, Hashable {
        /// A status line, such as `OK`.
        case status
        /// A number.
        case integer
        /// A string of bytes.
        case bytes
        /// A list of replies.
        case array
        /// Nothing.
        case null
        /// An error.
        case error
    }

    private let reply: UnsafePointer<redisReply>

    init(_ reply: UnsafePointer<redisReply>) {
        self.reply = reply
    }

    /// The kind of the reply.
    ///
    /// The types that only protocol 3 has, which is never asked for, appear as their nearest relatives.
    package var kind: Kind {
        switch reply.pointee.type {
        case REDIS_REPLY_INTEGER: .integer
        case REDIS_REPLY_STRING: .bytes
        case REDIS_REPLY_STATUS: .status
        case REDIS_REPLY_ERROR: .error
        case REDIS_REPLY_NIL: .null
        default: reply.pointee.element != nil ? .array : reply.pointee.str != nil ? .bytes : emptyKind
        }
    }

    private var emptyKind: Kind {
        // 0.14 only has arrays; of 1.x's other types the Boolean is the one without text and elements.
        reply.pointee.type == REDIS_REPLY_ARRAY || reply.pointee.integer == 0 ? .array : .integer
    }

    /// The number, for `.integer`.
    package var integer: Int? {
        kind == .integer ? Int(reply.pointee.integer) : nil
    }

    /// The number of elements, for `.array`; otherwise 0.
    package var count: Int { reply.pointee.elements }

    /// Whether it is `.null`.
    package var isNull: Bool { kind == .null }

    /// The text of `.bytes` and `.status`; invalid UTF-8 is replaced.
    package var string: String? {
        switch kind {
        case .bytes, .status: String(decoding: raw, as: UTF8.self)
        default: nil
        }
    }

    /// For `.error`: what the server said.
    package var error: RedisError? {
        kind == .error ? .server(String(decoding: raw, as: UTF8.self)) : nil
    }

    /// Whether the server says that it cannot read on: it hangs up next.
    var isFarewell: Bool { kind == .error && raw.starts(with: "ERR Protocol error".utf8) }

    private var raw: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: reply.pointee.str, count: reply.pointee.str == nil ? 0 : reply.pointee.len)
    }

    /// Lends the bytes of `.bytes` and `.status`, otherwise `nil`.
    ///
    /// They are valid inside `body` only.
    package func withBytes<Result, Failure>(
        _ body: (UnsafeRawBufferPointer?) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        switch kind {
        case .bytes, .status: try body(raw)
        default: try body(nil)
        }
    }

    /// Lends an element of `.array`.
    ///
    /// - Precondition: `index` is less than `count`.
    package func withElement<Result, Failure>(
        _ index: Int, _ body: (borrowing RedisReplyView) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(index >= 0 && index < count, "element \(index) of a reply with \(count)")
        // hiredis fills every element of a complete array.
        guard let element = reply.pointee.element[index] else { return try body(RedisReplyView(reply)) }
        return try body(RedisReplyView(element))
    }

    /// Lends the strings of `.array` two by two, as `HGETALL` returns fields and values; skips a pair with anything
    /// else in it.
    ///
    /// They are valid inside `body` only. Not generic, so that a large reply costs one call per pair.
    package func forEachPair(_ body: (UnsafeBufferPointer<UInt8>, UnsafeBufferPointer<UInt8>) -> Void) {
        for index in stride(from: 0, to: count - 1, by: 2) {
            if let first = text(ofElement: index), let second = text(ofElement: index + 1) { body(first, second) }
        }
    }

    private func text(ofElement index: Int) -> UnsafeBufferPointer<UInt8>? {
        guard let element = reply.pointee.element[index] else { return nil }
        let view = RedisReplyView(element)
        switch view.kind {
        case .bytes, .status: return view.raw.assumingMemoryBound(to: UInt8.self)
        default: return nil
        }
    }

    /// The bytes of `.bytes` and `.status`, copied; otherwise empty.
    package var copiedBytes: [UInt8] {
        switch kind {
        case .bytes, .status: [UInt8](raw)
        default: []
        }
    }

    /// Lends each element of `.array` in turn.
    package func forEach<Failure>(
        _ body: (borrowing RedisReplyView) throws(Failure) -> Void
    ) throws(Failure) {
        for index in 0..<count {
            try withElement(index, body)
        }
    }
}
