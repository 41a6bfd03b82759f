import CHiredis
import CRedisLink

/// The C link of a connection.
///
/// Everything is for the loop's thread. The link and what it calls live until it is closed.
final class RedisLink {
    /// How a link ended.
    struct Failure {
        let kind: redis_link_failure
        let text: String
        /// The reason, when TLS failed.
        let problem: redis_tls_problem
        /// Whether the server had asked for our certificate and we had none.
        let lacksCertificate: Bool
    }

    /// What the C side calls: it owns one reference until the link is freed.
    private final class Context {
        let onEvent: (redis_link_event) -> Void

        init(_ onEvent: @escaping (redis_link_event) -> Void) {
            self.onEvent = onEvent
        }
    }

    private var link: OpaquePointer?

    /// Starts to connect.
    ///
    /// Events come later, on the loop's thread; `onEvent` is freed with the link.
    ///
    /// - Parameter security: for TLS, the certificates and the host whose certificate to expect.
    static func open(
        _ address: SocketAddress, security: (context: TLSContext, host: String)?, on eventLoop: RedisEventLoop,
        onEvent: @escaping (redis_link_event) -> Void
    ) throws(RedisError) -> RedisLink {
        let opened = RedisLink()
        let context = Unmanaged.passRetained(Context(onEvent))
        let delegate = redis_link_delegate(
            context: context.toOpaque(),
            event: { context, event in
                guard let context else { return }
                Unmanaged<Context>.fromOpaque(context).takeUnretainedValue().onEvent(event)
            },
            released: { context in
                guard let context else { return }
                Unmanaged<Context>.fromOpaque(context).release()
            })
        var code: Int32 = 0
        if let loop = eventLoop.core.handle {
            opened.link = address.withPointers { path, socket, length in
                if let path {
                    redis_link_open_unix(loop, path, delegate, &code)
                } else {
                    redis_link_open(loop, socket, length, delegate, &code)
                }
            }
        }
        guard opened.link != nil else {
            context.release()
            throw RedisError(.connectFailed, systemErrorText(code))
        }
        if let security, !redis_link_secure(opened.link, security.context.handle, security.host) {
            opened.close()
            throw RedisError(.tlsFailed, "out of memory")
        }
        return opened
    }

    /// Queues a command's bytes; false when the link failed or memory is short.
    func append(_ command: RedisCommand) -> Bool {
        guard let link else { return false }
        return command.withBytes { redis_link_append(link, $0.baseAddress, $0.count) }
    }

    /// Bytes queued and not yet passed to the system.
    var unwrittenBytes: Int {
        link.map { redis_link_unwritten_bytes($0) } ?? 0
    }

    /// Lends the next complete reply to `body`; false when there is none.
    ///
    /// Inside `onEvent` only.
    func withNextReply(_ body: (borrowing RedisReplyView) -> Void) -> Bool {
        guard let link, let raw = redis_link_next_reply(link) else { return false }
        body(RedisReplyView(UnsafePointer(raw.assumingMemoryBound(to: redisReply.self))))
        return true
    }

    /// Why the link failed, after it said so.
    var failure: Failure {
        guard let link else {
            return Failure(
                kind: REDIS_LINK_NO_FAILURE, text: "closed", problem: REDIS_TLS_UNEXPLAINED, lacksCertificate: false)
        }
        return Failure(
            kind: redis_link_failure_kind(link), text: String(cString: redis_link_failure_text(link)),
            problem: redis_link_tls_problem(link), lacksCertificate: redis_link_lacks_certificate(link))
    }

    /// Whether it is connected and the TLS handshake is not over.
    var isHandshaking: Bool {
        link.map { redis_link_is_handshaking($0) } ?? false
    }

    /// Closes the socket and releases what it calls; no event comes after it.
    func close() {
        guard let link else { return }
        self.link = nil
        redis_link_close(link)
    }
}
