import CProcess
import RedisBridge
import RedisCron

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The progress of a long command: one line on standard error, if that is a terminal.
///
/// It appears after a second and is gone at the end, so quick commands show nothing, and pipes and logs never get any of it. A signal
/// that ends the process removes it too.
final class ProgressLine: Sendable {
    private struct State {
        var isShown = false
        var isWatching = false
        /// When it may be drawn again.
        var next: ContinuousClock.Instant
    }

    private static let delay = Duration.seconds(1)
    private static let pause = Duration.milliseconds(100)

    /// Nil if standard error is no terminal.
    private let state: Guarded<State>?
    /// Whether signals end the process at once; otherwise the command deals with them, and clears the line.
    private let isEndedBySignals: Bool

    /// Whether there is a terminal to show it on.
    static var isPossible: Bool { isatty(STDERR_FILENO) == 1 }

    /// - Parameters:
    ///   - isEndedBySignals: Whether SIGINT, SIGTERM and SIGHUP end the command at once, as by default.
    ///   - isTerminal: Whether standard error is a terminal.
    init(isEndedBySignals: Bool = true, isTerminal: Bool = isPossible) {
        self.isEndedBySignals = isEndedBySignals
        state = isTerminal ? Guarded(State(next: .now + Self.delay)) : nil
    }

    /// Says how far the command is.
    ///
    /// - Parameters:
    ///   - what: What it does, such as `Applying`.
    ///   - total: How much there is to do, where that is known.
    func update(_ what: String, _ done: Int, of total: Int? = nil) {
        guard let state else { return }
        let mustWatch: Bool? = state.withLock { state in
            let now = ContinuousClock.now
            guard now >= state.next else { return nil }
            state.next = now + Self.pause
            state.isShown = true
            defer { state.isWatching = true }
            return isEndedBySignals && !state.isWatching
        }
        guard let mustWatch else { return }
        if mustWatch { watch() }
        StandardError.write("\r\(what) \(done)\(total.map { " of \($0)" } ?? "")\u{1B}[K")
    }

    /// Removes the line; it comes back with the next update.
    func clear() {
        let isShown = state?.withLock { state in
            defer { state.isShown = false }
            return state.isShown
        }
        if isShown == true { StandardError.write("\r\u{1B}[K") }
    }

    /// Removes the line when a signal comes, which then has its usual effect.
    private func watch() {
        let signals = TerminationSignals.shared.signals
        // Unstructured: it waits until the process ends.
        Task { [self] in
            for await signal in signals {
                clear()
                termination_signals_surrender(signal)
            }
        }
    }
}
