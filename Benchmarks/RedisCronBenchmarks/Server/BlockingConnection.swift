import CHiredis

/// A connection through hiredis' blocking API: the benchmark's own hand on the server, apart from all that is measured.
///
/// For one thread at a time.
final class BlockingConnection: @unchecked Sendable {
    private let context: UnsafeMutablePointer<redisContext>

    init(_ address: ServerAddress) throws {
        guard let context = address.connect() else { throw BenchmarkError("out of memory") }
        self.context = context
        guard context.pointee.err == 0 else {
            throw BenchmarkError("cannot connect to \(address.url): \(Self.reason(context))")
        }
    }

    deinit {
        redisFree(context)
    }

    /// Connects to a server that may still be starting.
    static func open(_ address: ServerAddress, patience: Duration) throws -> BlockingConnection {
        let deadline = ContinuousClock().now + patience
        while true {
            do {
                let connection = try BlockingConnection(address)
                if case .text = try connection.command("PING") { return connection }
            } catch {
                guard ContinuousClock().now < deadline else { throw error }
            }
            Pause.milliseconds(5)
        }
    }

    /// Sends one command and waits for its reply.
    ///
    /// - Throws: what the server answered, if that is an error.
    @discardableResult
    func command(_ words: String...) throws -> ControlReply {
        var buffer = CommandBuffer()
        buffer.begin(words.count)
        for word in words { buffer.append(word) }
        guard let reply = try send(buffer).first else { throw BenchmarkError("no reply") }
        return reply
    }

    /// Sends commands in one go and waits for all replies.
    @discardableResult
    func send(_ commands: CommandBuffer) throws -> [ControlReply] {
        try append(commands.bytes)
        return try (0..<commands.count).map { _ in try reply() }
    }

    /// Queues bytes; they leave with the next `flush()` or `reply()`.
    func append(_ bytes: [UInt8]) throws {
        let status = bytes.withUnsafeBytes { bytes in
            redisAppendFormattedCommand(context, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
        }
        guard status == REDIS_OK else { throw BenchmarkError(Self.reason(context)) }
    }

    func flush() throws {
        var done: Int32 = 0
        while done == 0 {
            guard redisBufferWrite(context, &done) == REDIS_OK else { throw BenchmarkError(Self.reason(context)) }
        }
    }

    /// Waits for the next reply.
    func reply() throws -> ControlReply {
        var raw: UnsafeMutableRawPointer?
        guard redisGetReply(context, &raw) == REDIS_OK, let raw else { throw BenchmarkError(Self.reason(context)) }
        defer { freeReplyObject(raw) }
        let reply = ControlReply(raw.assumingMemoryBound(to: redisReply.self))
        if case .error(let text) = reply { throw BenchmarkError("the server says: \(text)") }
        return reply
    }

    private static func reason(_ context: UnsafeMutablePointer<redisContext>) -> String {
        withUnsafeBytes(of: context.pointee.errstr) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}

/// A reply with its own storage.
indirect enum ControlReply {
    case null
    case integer(Int)
    case bytes([UInt8])
    case text(String)
    case list([ControlReply])
    case error(String)

    init(_ reply: UnsafeMutablePointer<redisReply>) {
        let length = reply.pointee.str == nil ? 0 : reply.pointee.len
        let raw = UnsafeRawBufferPointer(start: reply.pointee.str, count: length)
        switch reply.pointee.type {
        case REDIS_REPLY_INTEGER: self = .integer(Int(reply.pointee.integer))
        case REDIS_REPLY_STATUS: self = .text(String(decoding: raw, as: UTF8.self))
        case REDIS_REPLY_ERROR: self = .error(String(decoding: raw, as: UTF8.self))
        case REDIS_REPLY_STRING: self = .bytes(Array(raw))
        case REDIS_REPLY_ARRAY:
            self = .list(
                (0..<reply.pointee.elements).map { index in
                    reply.pointee.element[index].map { ControlReply($0) } ?? .null
                })
        default: self = .null
        }
    }

    var integer: Int {
        switch self {
        case .integer(let value): value
        case .bytes(let bytes): Int(String(decoding: bytes, as: UTF8.self)) ?? 0
        default: 0
        }
    }

    var text: String {
        switch self {
        case .text(let text), .error(let text): text
        case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
        case .integer(let value): String(value)
        case .null, .list: ""
        }
    }

    var list: [ControlReply] {
        if case .list(let elements) = self { elements } else { [] }
    }
}
