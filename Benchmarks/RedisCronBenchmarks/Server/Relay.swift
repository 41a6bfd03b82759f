import Foundation

/// A Unix socket in front of the server's: passes everything on, can record what goes to the server, and can hold every
/// byte back for a time, as a server far away would.
final class Relay: @unchecked Sendable {
    // `@unchecked Sendable`: `recording` and `isRecording` are only touched under the lock.
    let socketPath: String
    private let target: String
    private let delay: Double
    private let listener: Int32
    private let lock = NSLock()
    private var isRecording = false
    private var recording: [UInt8] = []

    /// - Parameter delay: seconds for which each byte is held back, in each direction.
    init(to server: BenchmarkServer, delay: Double = 0) throws {
        target = server.socketPath
        socketPath = server.socketPath + ".\(UUID().uuidString.prefix(6))"
        self.delay = delay
        listener = UnixSocket.listen(socketPath)
        guard listener >= 0 else { throw BenchmarkError("cannot listen on \(socketPath)") }
        Thread.detachNewThread { [weak self, listener] in
            while true {
                let client = UnixSocket.accept(listener)
                guard client >= 0, let relay = self else { return }
                relay.serve(client)
            }
        }
    }

    /// Accepts no more; connections end with their clients.
    func close() {
        UnixSocket.close(listener)
    }

    func startRecording() {
        lock.withLock {
            recording = []
            isRecording = true
        }
    }

    /// What went to the server since `startRecording()`.
    func stopRecording() -> [UInt8] {
        lock.withLock {
            isRecording = false
            defer { recording = [] }
            return recording
        }
    }

    private func serve(_ client: Int32) {
        let server = UnixSocket.connect(target)
        guard server >= 0 else { return UnixSocket.close(client) }
        pass(from: client, to: server) { [weak self] bytes in
            guard let self else { return }
            lock.withLock {
                if isRecording { recording += bytes }
            }
        }
        pass(from: server, to: client) { _ in }
    }

    /// One direction: a thread that reads, and, if bytes are to be held back, one that writes when their time has come.
    private func pass(from source: Int32, to sink: Int32, note: @escaping @Sendable (ArraySlice<UInt8>) -> Void) {
        let line = DelayLine(delay: delay)
        Thread.detachNewThread {
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = UnixSocket.read(source, &buffer)
                guard count > 0 else { break }
                note(buffer[..<count])
                line.put(Array(buffer[..<count]))
            }
            line.end()
        }
        Thread.detachNewThread {
            while let bytes = line.take() {
                guard UnixSocket.writeAll(sink, bytes) else { break }
            }
            UnixSocket.shutdown(sink)
        }
    }
}

/// Bytes on their way, each to be delivered at its time.
private final class DelayLine: @unchecked Sendable {
    // `@unchecked Sendable`: everything is touched under the condition's lock.
    private let condition = NSCondition()
    private let delay: Double
    private var waiting: [(bytes: [UInt8], due: Date)] = []
    private var hasEnded = false

    init(delay: Double) {
        self.delay = delay
    }

    func put(_ bytes: [UInt8]) {
        condition.withLock {
            waiting.append((bytes, Date().addingTimeInterval(delay)))
            condition.signal()
        }
    }

    func end() {
        condition.withLock {
            hasEnded = true
            condition.signal()
        }
    }

    func take() -> [UInt8]? {
        let next: (bytes: [UInt8], due: Date)? = condition.withLock {
            while waiting.isEmpty, !hasEnded { condition.wait() }
            return waiting.isEmpty ? nil : waiting.removeFirst()
        }
        guard let next else { return nil }
        let rest = next.due.timeIntervalSinceNow
        if rest > 0 { Pause.microseconds(UInt32(rest * 1e6)) }
        return next.bytes
    }
}
