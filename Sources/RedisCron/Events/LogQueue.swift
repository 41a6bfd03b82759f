import Dispatch
import RQWire
import RedisBridge

/// Log lines on their way to whoever writes them.
///
/// Appending never waits. Lines are written one after another on a queue of their own, and the writer may block for any time:
/// the newest lines are kept meanwhile, and a line says how many were dropped.
final class LogQueue: Sendable {
    /// The most lines that may wait.
    static let capacity = 10_000
    /// How long ``appendOnce(_:_:about:)`` leaves a message out that it appended.
    static let repetition: Duration = .seconds(60)

    /// One line.
    struct Line: Sendable {
        let level: SchedulerLogger.Level
        let message: String
        let subject: Subject?
        /// The key prefix that it is about, where a process has several.
        var keyPrefix: String?
        /// When it was appended.
        let time: Timestamp
    }

    /// What a line tells of.
    enum Subject: Sendable {
        case event(SchedulerEvent)
        /// So many jobs that were queued.
        case jobs(Int)
    }

    private struct State {
        var lines = NewestQueue<Line>(capacity: LogQueue.capacity)
        var isWriting = false
        var appended = 0
        /// Lines that were written or dropped.
        var done = 0
        var flushes: [Int: Flush] = [:]
        var nextFlush = 0
        /// When each message was appended that is not to be repeated.
        var said: [String: ContinuousClock.Instant] = [:]
    }

    private struct Flush {
        /// It ends when this many lines are done.
        let goal: Int
        let continuation: CheckedContinuation<Bool, Never>
    }

    private let state = Guarded(State())
    private let queue = DispatchQueue(label: "rediscron.log")
    private let write: @Sendable (Line) -> Void
    private let noteLevel: SchedulerLogger.Level

    /// - Parameters:
    ///   - minimumLevel: Lines below it are not wanted; the line that says how many were dropped is at least at this level.
    ///   - write: Called with one line after another.
    init(minimumLevel: SchedulerLogger.Level, write: @escaping @Sendable (Line) -> Void) {
        noteLevel = max(.warning, minimumLevel)
        self.write = write
    }

    /// Appends a line.
    func append(
        _ level: SchedulerLogger.Level, _ message: String, about subject: Subject? = nil, under keyPrefix: String? = nil
    ) {
        let line = Line(
            level: level, message: message, subject: subject, keyPrefix: keyPrefix, time: Timestamp.now)
        let begins = state.withLock { state in
            state.appended += 1
            if state.lines.push(line) { state.done += 1 }
            defer { state.isWriting = true }
            return !state.isWriting
        }
        // Keeps the queue alive until everything is written.
        if begins { queue.async { self.writeAll() } }
    }

    /// Appends a line that others may have to say as well, unless it was appended within ``repetition``.
    func appendOnce(_ level: SchedulerLogger.Level, _ message: String, about subject: Subject?) {
        let now = ContinuousClock.now
        let isNew = state.withLock { state in
            state.said = state.said.filter { now - $0.value < Self.repetition }
            guard state.said[message] == nil else { return false }
            state.said[message] = now
            return true
        }
        if isNew { append(level, message, about: subject) }
    }

    /// Returns when everything that was appended before is written or dropped, or when the bound has passed.
    ///
    /// Cancellation does not end it.
    ///
    /// - Returns: Whether everything is written or dropped.
    func flush(within bound: Duration) async -> Bool {
        await withCheckedContinuation { continuation in
            let key = state.withLock { state -> Int? in
                guard state.done < state.appended || state.isWriting else { return nil }
                state.nextFlush += 1
                state.flushes[state.nextFlush] = Flush(goal: state.appended, continuation: continuation)
                return state.nextFlush
            }
            guard let key else { return continuation.resume(returning: true) }
            DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(bound.milliseconds)) { [state] in
                state.withLock { $0.flushes.removeValue(forKey: key) }?.continuation.resume(returning: false)
            }
        }
    }

    private func writeAll() {
        while let item = next() {
            switch item {
            case .element(let line):
                write(line)
                lineIsDone()
            case .lost(let count):
                let note = "\(count) log lines were dropped: the log was not read as fast as it came"
                write(Line(level: noteLevel, message: note, subject: nil, time: Timestamp.now))
            }
        }
    }

    private func next() -> NewestQueue<Line>.Item? {
        let (item, over) = state.withLock { state in
            let item = state.lines.pop()
            guard item == nil else { return (item, [Flush]()) }
            state.isWriting = false
            // Nothing is left to wait for.
            defer { state.flushes = [:] }
            return (nil, Array(state.flushes.values))
        }
        for flush in over { flush.continuation.resume(returning: true) }
        return item
    }

    private func lineIsDone() {
        let over = state.withLock { state in
            state.done += 1
            let over = state.flushes.filter { $0.value.goal <= state.done }
            for key in over.keys { state.flushes[key] = nil }
            return over
        }
        for flush in over.values { flush.continuation.resume(returning: true) }
    }
}
