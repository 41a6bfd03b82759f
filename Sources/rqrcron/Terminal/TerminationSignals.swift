import CProcess
// Dispatch does not say so yet, but its sources may be used from any thread.
@preconcurrency import Dispatch
import RedisCron
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Delivers SIGINT, SIGTERM and SIGHUP to a sequence.
///
/// The sequence gets the first signal. A later one ends the process at once, as if it had never been caught: someone who
/// presses Ctrl-C again does not want to wait. Two kinds are ignored. A signal within ``echo`` of the first is the same one
/// again: it came from the terminal, and from a program such as `timeout` that forwards it. A later SIGHUP comes from a
/// terminal that closes, which sends it both itself and through the shell.
final class TerminationSignals: Sendable {
    /// The first signal, buffered because it may come before anybody listens.
    let signals: AsyncStream<CInt>

    /// The first use installs the handlers, for the life of the process.
    static let shared = TerminationSignals()

    /// Within this time of the first signal, others are taken for the same one.
    static let echo = Duration.milliseconds(500)

    /// Nil if no file descriptor was left for the pipe.
    ///
    /// Then a signal ends the process at once, as by default.
    private let source: (any DispatchSourceRead)?

    private init() {
        let (signals, continuation) = AsyncStream.makeStream(of: CInt.self, bufferingPolicy: .bufferingOldest(1))
        self.signals = signals
        // Not a dispatch source for signals: that requires the signals to be ignored first. One that came before the source
        // listens would be lost, and the process would never stop.
        let pipe = termination_signals_catch()
        guard pipe >= 0 else {
            source = nil
            return
        }
        let source = DispatchSource.makeReadSource(fileDescriptor: pipe, queue: DispatchQueue(label: "rqrcron.signals"))
        let first = FirstSignal()
        source.setEventHandler {
            var number: UInt8 = 0
            while read(pipe, &number, 1) == 1 {
                switch first.age(at: .now) {
                case nil: continuation.yield(CInt(number))
                case let age? where age < Self.echo || CInt(number) == SIGHUP: break
                default: termination_signals_surrender(CInt(number))
                }
            }
        }
        source.resume()
        self.source = source
    }

    /// Runs `work`, which the first signal cancels, and waits for its end.
    ///
    /// - Returns: The signal, or nil if the work ended by itself.
    func cancelling(_ work: @escaping @Sendable () async throws -> Void) async throws -> CInt? {
        try await withThrowingTaskGroup(of: CInt?.self) { group in
            group.addTask {
                try await work()
                return nil
            }
            group.addTask { [signals] in
                for await number in signals { return number }
                return nil
            }
            let first = try await group.next() ?? nil
            group.cancelAll()
            // Cancelled work may throw that it was cancelled, which is what was asked for.
            do {
                while try await group.next() != nil {}
            } catch  where RedisCronError(error).code == .cancelled {}
            return first
        }
    }
}

/// Remembers when the first signal came; used only on the queue of the signals.
private final class FirstSignal: Sendable {
    private let start = ContinuousClock.now
    /// Nanoseconds after the start, or -1 before the first signal.
    private let arrival = Atomic<Int64>(-1)

    /// How long ago the first signal came.
    ///
    /// For the first one itself: notes its time and returns nil.
    func age(at now: ContinuousClock.Instant) -> Duration? {
        let (seconds, attoseconds) = (now - start).components
        let moment = seconds * 1_000_000_000 + attoseconds / 1_000_000_000
        let (isFirst, earlier) = arrival.compareExchange(
            expected: -1, desired: moment, ordering: .acquiringAndReleasing)
        return isFirst ? nil : .nanoseconds(moment - earlier)
    }
}
