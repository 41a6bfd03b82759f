import Dispatch
import RQWire
import RedisBridge

/// Log lines on their way to whoever writes them.
///
/// Handing one over never waits. Lines are written one after another on a queue of their own, which may block as long as
/// it likes: the newest lines are kept meanwhile, and how many were dropped is said in their place.
final class LogQueue: Sendable {
    /// Lines that wait at most.
    static let capacity = 10_000

    /// One line.
    struct Line: Sendable {
        let level: SchedulerLogger.Level
        let message: String
        /// When it was handed over.
        let time: Timestamp
    }

    private struct State {
        var lines = NewestQueue<Line>(capacity: LogQueue.capacity)
        var isWriting = false
        var handedOver = 0
        /// Lines that were written or dropped.
        var settled = 0
        var flushes: [Int: Flush] = [:]
        var nextFlush = 0
    }

    private struct Flush {
        /// It is over when as many lines are settled.
        let goal: Int
        let continuation: CheckedContinuation<Bool, Never>
    }

    private let state = Guarded(State())
    private let queue = DispatchQueue(label: "rediscron.log")
    private let write: @Sendable (Line) -> Void
    private let noteLevel: SchedulerLogger.Level

    /// - Parameters:
    ///   - minimumLevel: Lines below it are not wanted; that some were dropped is said in any case.
    ///   - write: Called with one line after another.
    init(minimumLevel: SchedulerLogger.Level, write: @escaping @Sendable (Line) -> Void) {
        noteLevel = max(.warning, minimumLevel)
        self.write = write
    }

    /// Hands a line over.
    func append(_ level: SchedulerLogger.Level, _ message: String) {
        let line = Line(level: level, message: message, time: SystemClock.wallClock)
        let begins = state.withLock { state in
            state.handedOver += 1
            if state.lines.push(line) { state.settled += 1 }
            defer { state.isWriting = true }
            return !state.isWriting
        }
        // Keeps the queue until all is written.
        if begins { queue.async { self.writeAll() } }
    }

    /// Returns when everything that was handed over before is written or dropped, or when the bound has passed.
    ///
    /// Being cancelled does not cut it short.
    ///
    /// - Returns: Whether all is written or dropped.
    func flush(within bound: Duration) async -> Bool {
        await withCheckedContinuation { continuation in
            let key = state.withLock { state -> Int? in
                guard state.settled < state.handedOver || state.isWriting else { return nil }
                state.nextFlush += 1
                state.flushes[state.nextFlush] = Flush(goal: state.handedOver, continuation: continuation)
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
                settle()
            case .lost(let count):
                let note = "\(count) log lines were dropped: the log was not read as fast as it came"
                write(Line(level: noteLevel, message: note, time: SystemClock.wallClock))
            }
        }
    }

    private func next() -> NewestQueue<Line>.Item? {
        let (item, over) = state.withLock { state in
            let item = state.lines.pop()
            guard item == nil else { return (item, [Flush]()) }
            state.isWriting = false
            // Nothing is left: whoever waits has waited for what is done.
            defer { state.flushes = [:] }
            return (nil, Array(state.flushes.values))
        }
        for flush in over { flush.continuation.resume(returning: true) }
        return item
    }

    private func settle() {
        let over = state.withLock { state in
            state.settled += 1
            let over = state.flushes.filter { $0.value.goal <= state.settled }
            for key in over.keys { state.flushes[key] = nil }
            return over
        }
        for flush in over.values { flush.continuation.resume(returning: true) }
    }
}
