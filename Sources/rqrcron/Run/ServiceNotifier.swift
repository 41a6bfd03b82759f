import ProcessSpawn
import RQWire
import RedisCron

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Reports to a supervisor such as systemd: that the scheduler is ready, its state, that it is alive, and that it stops.
actor ServiceNotifier {
    /// How long the supervisor waits for a sign of life before it kills the service; nil if it expects none.
    nonisolated let watchdog: Duration?

    private let socket: NotifySocket
    private let soundness: Soundness
    private let log: LogWriter
    private var isReady = false
    /// How many sources of definitions must still be applied before it is ready.
    private var unapplied: Int
    /// Whether it has ever led or stood by.
    private var hasPlace = false
    private var leadingSince: Timestamp?
    /// The state while Redis works.
    private var place = "starts"
    /// Why Redis does not work.
    private var trouble: String?

    /// Follows the protocol of `sd_notify(3)` if the environment asks for it.
    ///
    /// - Parameter unapplied: How many sources of definitions are applied before it is ready.
    /// - Throws: ``UsageError`` when a variable is malformed.
    /// - Returns: nil if there is no supervisor to report to.
    init?(
        environment: ProcessEnvironment, soundness: Soundness, log: LogWriter, unapplied: Int = 0
    ) throws(UsageError) {
        guard let socket = try NotifySocket(environment: environment) else { return nil }
        self.socket = socket
        self.soundness = soundness
        self.log = log
        self.unapplied = unapplied
        watchdog = try Self.watchdog(environment)
    }

    /// `WATCHDOG_USEC`, unless `WATCHDOG_PID` names another process.
    private static func watchdog(_ environment: ProcessEnvironment) throws(UsageError) -> Duration? {
        guard let text = environment["WATCHDOG_USEC"] else { return nil }
        if let pid = environment["WATCHDOG_PID"], pid != String(getpid()) { return nil }
        guard let microseconds = Int64(text), microseconds > 0 else {
            throw UsageError("WATCHDOG_USEC must be a number of microseconds, not '\(text)'")
        }
        return .microseconds(microseconds)
    }

    /// Reports an event that changes the state.
    ///
    /// The service becomes ready once it has led or stood by and its definitions are applied.
    func note(_ event: SchedulerEvent) {
        switch event {
        case .becameLeader:
            leadingSince = Timestamp.now
            place = "leads"
            hasPlace = true
            tell()
        case .standingBy:
            leadingSince = nil
            place = "stands by: another scheduler leads"
            hasPlace = true
            tell()
        case .definitionsApplied:
            unapplied = max(0, unapplied - 1)
            if !isReady, hasPlace { tell() }
        case .lockLost:
            leadingSince = nil
            place = "lost the lock"
            tell()
        case .disconnected(let reason):
            trouble = reason.onOneLine
            tell()
        case .reconnected:
            trouble = nil
            tell()
        default: break
        }
    }

    private func tell() {
        let status = trouble.map { "waits for Redis: \($0)" } ?? place
        let becomesReady = !isReady && hasPlace && unapplied == 0
        let code = socket.send((becomesReady ? ["READY=1"] : []) + ["STATUS=\(status)"])
        if becomesReady { isReady = true }
        if code != 0 { log.write(.warning, "cannot tell the supervisor at NOTIFY_SOCKET: \(SystemCall.explain(code))") }
    }

    /// Reports that the scheduler was asked to stop.
    nonisolated func tellStopping() {
        socket.send(["STOPPING=1", "STATUS=stops"])
    }

    /// Sends signs of life while the scheduler is healthy, until the task is cancelled.
    ///
    /// `health` runs on the scheduler's own thread: if that is stuck, there is no answer and no sign of life. It is asked
    /// four times per watchdog period, so that one bad moment does not kill the service.
    func feedWatchdog(health: @Sendable () async -> SchedulerHealth) async {
        guard let watchdog else { return }
        var known: String?
        while !Task.isCancelled {
            let flaw = soundness.flaw(of: await health(), leadingSince: leadingSince, at: Timestamp.now)
            if flaw == nil { socket.send(["WATCHDOG=1"]) }
            if let flaw, known == nil { log.write(.error, "the watchdog is not fed: \(flaw)") }
            known = flaw
            try? await Task.sleep(for: watchdog / 4)
        }
    }
}
