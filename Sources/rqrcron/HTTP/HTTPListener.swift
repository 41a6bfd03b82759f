import CHTTPListener
@preconcurrency import Dispatch
import RedisBridge
import RedisCronWeb

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// An HTTP server: libmicrohttpd on the thread of an event loop, whose requests are answered by tasks.
///
/// That loop is never the scheduler's. A client that is slow costs a connection and bounded memory, and holds up nobody.
struct HTTPListener: Sendable {
    /// Whether libmicrohttpd was there when this program was built.
    static var isBuilt: Bool { http_listener_is_built() }

    private static let mostConnections = 2_048
    /// Descriptors that the rest of the program may need.
    private static let otherDescriptors = 256
    private static let limits = http_listener_limits(
        // Heads up to the page's own bound reach it; libmicrohttpd keeps its buffers in the same memory.
        connection_bytes: CronWeb.mostHeadBytes + 16_384, body_bytes: CronWeb.mostBodyBytes, stream_bytes: 262_144,
        connections: 0, head_seconds: 10, idle_seconds: 30)

    private let inbox: Inbox
    /// Of C, freed by ``stop()``.
    private nonisolated(unsafe) let listener: OpaquePointer

    /// Starts to accept connections; they wait until ``serve(_:)`` runs.
    ///
    /// - Throws: ``CommandFailure`` when the system refuses.
    init(_ socket: ListeningSocket) throws {
        var limits = Self.limits
        limits.connections = Self.connectionLimit()
        let inbox = Inbox()
        let context = Unmanaged.passUnretained(inbox).toOpaque()
        let started = http_listener_start(socket.descriptor, limits, context) { context, exchange, request in
            guard let context, let exchange, let request else { return }
            Unmanaged<Inbox>.fromOpaque(context).takeUnretainedValue().take(Exchange(exchange, request.pointee))
        }
        guard let started else {
            close(socket.descriptor)
            throw CommandFailure("--http: the server does not start: no memory, or no thread is to be had")
        }
        self.inbox = inbox
        listener = started
    }

    /// As many connections as there may be, with what the system allows.
    private static func connectionLimit() -> CUnsignedInt {
        var limit = rlimit()
        guard getrlimit(descriptors, &limit) == 0 else { return 256 }
        let wanted = rlim_t(mostConnections + otherDescriptors)
        if limit.rlim_cur < wanted {
            var raised = limit
            raised.rlim_cur = min(wanted, limit.rlim_max)
            if setrlimit(descriptors, &raised) == 0 { limit = raised }
        }
        return CUnsignedInt(min(mostConnections, max(16, Int(clamping: limit.rlim_cur) - otherDescriptors)))
    }

    #if canImport(Glibc)
        private static let descriptors = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
        private static let descriptors = RLIMIT_NOFILE
    #endif

    /// Answers requests until the task is cancelled; those that are under way are answered with 503 then.
    ///
    /// - Parameter eventLoop: Where libmicrohttpd works, and answers begin.
    /// - Throws: `RedisError` where there is no memory.
    func serve(
        on eventLoop: RedisEventLoop, _ respond: @escaping @Sendable (CronWebRequest) async -> CronWebResponse
    ) async throws {
        nonisolated(unsafe) let listener = listener
        let watch = DescriptorWatch(on: eventLoop) { http_listener_work(listener) }
        inbox.open(on: eventLoop) { exchange in
            await exchange.answer(respond(exchange.request))
            // The answer leaves now, and not when libmicrohttpd's descriptor has told that there is one.
            watch.call()
        }
        do {
            let descriptor = http_listener_descriptor(listener)
            if descriptor >= 0 { try await watch.start(descriptor) }
            while (try? await Task.sleep(for: .seconds(1))) != nil {
                http_listener_reap(listener)
                watch.call()
            }
        } catch {
            await inbox.close()
            await stop()
            throw error
        }
        await inbox.close()
        await watch.end()
        await stop()
    }

    private func stop() async {
        await withCheckedContinuation { continuation in
            // It waits for the thread's end.
            DispatchQueue.global().async {
                http_listener_stop(listener)
                continuation.resume()
            }
        }
    }
}

/// Requests on their way from the listener's thread to tasks.
///
/// Each gets a task there and then: to hand it to another task first, which makes one, would cost two changes of threads.
private final class Inbox: Sendable {
    /// Who answers, and where.
    private struct Desk {
        let executor: any TaskExecutor
        let answer: @Sendable (Exchange) async -> Void
    }

    private struct State {
        var desk: Desk?
        /// What came before anybody answers.
        var waiting: [Exchange] = []
        var tasks: [UInt64: Task<Void, Never>] = [:]
        var nextKey: UInt64 = 0
        var isClosed = false
    }

    private let state = Guarded(State())

    /// Takes a request; one that comes when it is closed is dropped, which answers it.
    func take(_ exchange: Exchange) {
        state.withLock { state in
            guard !state.isClosed else { return }
            guard let desk = state.desk else { return state.waiting.append(exchange) }
            begin(exchange, desk, &state)
        }
    }

    /// Begins to answer.
    func open(on executor: any TaskExecutor, _ answer: @escaping @Sendable (Exchange) async -> Void) {
        state.withLock { state in
            let desk = Desk(executor: executor, answer: answer)
            state.desk = desk
            for exchange in state.waiting { begin(exchange, desk, &state) }
            state.waiting = []
        }
    }

    private func begin(_ exchange: Exchange, _ desk: Desk, _ state: inout State) {
        let key = state.nextKey
        state.nextKey += 1
        state.tasks[key] = Task(executorPreference: desk.executor) {
            await desk.answer(exchange)
            // Not before it stands there: the lock is held until then.
            self.state.withLock { $0.tasks[key] = nil }
        }
    }

    /// Takes no more, cancels what is under way and waits for its end.
    func close() async {
        let tasks = state.withLock { state in
            (state.isClosed, state.waiting) = (true, [])
            return Array(state.tasks.values)
        }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }
}

/// A request, and the way back for its answer.
///
/// `@unchecked`: what is not constant belongs to the one task that answers.
private final class Exchange: @unchecked Sendable {
    let request: CronWebRequest
    private var exchange: OpaquePointer?

    init(_ exchange: OpaquePointer, _ request: http_request) {
        self.exchange = exchange
        var headers = CronWebHeaders()
        for field in UnsafeBufferPointer(start: request.fields, count: request.field_count) {
            headers.append(field.name.text, field.value.text)
        }
        // What was too long to be taken is too long for the page too, which says so.
        let body =
            request.is_too_large
            ? [UInt8](repeating: 0, count: CronWeb.mostBodyBytes + 1)
            : Array(UnsafeBufferPointer(start: request.body, count: request.body_length))
        let peer = withUnsafeBytes(of: request.peer) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        self.request = CronWebRequest(
            method: request.method.text, target: request.target.text, headers: headers, body: body,
            peer: peer.isEmpty ? nil : peer)
    }

    deinit {
        // Nobody answered: it stops.
        if let exchange { http_exchange_respond(exchange, 503, nil, 0, nil, 0) }
    }

    func answer(_ response: CronWebResponse) async {
        guard let exchange else { return }
        self.exchange = nil
        let status = CUnsignedInt(response.status)
        switch response.body {
        case .bytes(let bytes):
            var headers = response.headers
            // Of HEAD and 304: what the body would have. A stream's is not known.
            let length = headers["Content-Length"].flatMap { Int64($0) } ?? (request.method == "HEAD" ? -1 : nil)
            headers["Content-Length"] = nil
            headers.withFields { fields in
                if let length, bytes.isEmpty {
                    http_exchange_respond_without_body(exchange, status, fields.baseAddress, fields.count, length)
                } else {
                    http_exchange_respond(exchange, status, fields.baseAddress, fields.count, bytes, bytes.count)
                }
            }
        case .stream(let pieces):
            response.headers.withFields { fields in
                http_exchange_begin(exchange, status, fields.baseAddress, fields.count)
            }
            for await piece in pieces where !http_exchange_write(exchange, piece, piece.count) { break }
            http_exchange_end(exchange)
        }
    }
}

extension http_text {
    fileprivate var text: String {
        let bytes = UnsafeRawBufferPointer(start: bytes, count: length)
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension CronWebHeaders {
    /// Lends the fields to C.
    fileprivate func withFields<Result>(_ body: (UnsafeBufferPointer<http_field>) -> Result) -> Result {
        // One buffer for all of them, so that nothing has to be freed.
        var bytes: [UInt8] = []
        var ranges: [(name: Range<Int>, value: Range<Int>)] = []
        func add(_ text: String) -> Range<Int> {
            let start = bytes.count
            bytes.append(contentsOf: text.utf8)
            return start..<bytes.count
        }
        forEach { name, value in ranges.append((add(name), add(value))) }
        return bytes.withUnsafeBytes { bytes in
            let buffer = bytes.assumingMemoryBound(to: CChar.self)
            func text(_ range: Range<Int>) -> http_text {
                http_text(bytes: buffer.baseAddress.map { $0 + range.lowerBound }, length: range.count)
            }
            return ranges.map { http_field(name: text($0.name), value: text($0.value)) }.withUnsafeBufferPointer(body)
        }
    }
}
