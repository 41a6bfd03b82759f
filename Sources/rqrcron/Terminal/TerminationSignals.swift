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

/// SIGINT, SIGTERM and SIGHUP as a sequence instead of the end of the process.
///
/// The first signal is delivered to the sequence. A later one ends the process at once, as if it had never been caught:
/// whoever presses Ctrl-C again does not want to wait. One that comes within ``echo`` of the first is the same signal heard
/// twice, from the terminal and from a program such as `timeout` that passes it on, and is passed over. So is a later
/// SIGHUP: nobody presses that, and a terminal that closes sends it by way of the shell and by itself.
final class TerminationSignals: Sendable {
    /// The signals in the order of their arrival.
    ///
    /// Buffers the first one, which may come before anybody listens.
    let signals: AsyncStream<CInt>

    /// Installs the handlers.
    ///
    /// Kept as long as the process lives.
    static let shared = TerminationSignals()

    /// How long the first signal may take to arrive by every way.
    static let echo = Duration.milliseconds(500)

    /// Nil when no file descriptor was left for the pipe: then a signal ends the process at once, as by default.
    private let source: (any DispatchSourceRead)?

    private init() {
        let (signals, continuation) = AsyncStream.makeStream(of: CInt.self, bufferingPolicy: .bufferingOldest(1))
        self.signals = signals
        // Not a source of signals: between the moment in which those are ignored, as it needs it, and the one in which it
        // hears them, a signal is lost, and the process runs on for ever.
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

    /// Runs `work` until it ends by itself or the first signal comes, which cancels it and waits for its end.
    ///
    /// - Returns: the signal, or nil when the work ended by itself.
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
            // A cancelled work may say so by throwing; that is the end that was asked for.
            do {
                while try await group.next() != nil {}
            } catch  where RedisCronError(error).code == .cancelled {}
            return first
        }
    }
}

/// Remembers when the first signal came; used on the queue of the signals alone.
private final class FirstSignal: Sendable {
    private let start = ContinuousClock.now
    /// Nanoseconds after the start, or -1 before the first signal.
    private let arrival = Atomic<Int64>(-1)

    /// How long ago the first signal came; nil for the first one itself, which is thereby noted.
    func age(at now: ContinuousClock.Instant) -> Duration? {
        let (seconds, attoseconds) = (now - start).components
        let moment = seconds * 1_000_000_000 + attoseconds / 1_000_000_000
        let (isFirst, earlier) = arrival.compareExchange(
            expected: -1, desired: moment, ordering: .acquiringAndReleasing)
        return isFirst ? nil : .nanoseconds(moment - earlier)
    }
}
