import ProcessSpawn
import RQWire
import RedisCron

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Tells a supervisor such as systemd how the scheduler is doing: that it is ready, what it does, that it is alive, and
/// that it stops.
actor ServiceNotifier {
    /// How long the supervisor waits for a sign of life before it kills the service; nil when it waits for none.
    nonisolated let watchdog: Duration?

    private let socket: NotifySocket
    private let soundness: Soundness
    private let log: LogWriter
    private var isReady = false
    /// Sources of definitions that are still to be applied before it is ready.
    private var unapplied: Int
    /// Whether it leads or stands by, or has done so.
    private var hasPlace = false
    private var leadingSince: Timestamp?
    /// What it is at when Redis does what it asks.
    private var place = "starts"
    /// What Redis fails, in words.
    private var trouble: String?

    /// Takes part in the protocol of `sd_notify(3)` where the environment asks for it.
    ///
    /// - Parameter unapplied: Sources of definitions that are applied before it is ready.
    /// - Throws: ``UsageError`` when the environment cannot be understood.
    /// - Returns: nil where nobody wants to hear.
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

    /// `WATCHDOG_USEC`, unless `WATCHDOG_PID` says that it is meant for another process.
    private static func watchdog(_ environment: ProcessEnvironment) throws(UsageError) -> Duration? {
        guard let text = environment["WATCHDOG_USEC"] else { return nil }
        if let pid = environment["WATCHDOG_PID"], pid != String(getpid()) { return nil }
        guard let microseconds = Int64(text), microseconds > 0 else {
            throw UsageError("WATCHDOG_USEC is no number of microseconds, but '\(text)'")
        }
        return .microseconds(microseconds)
    }

    /// Passes on what the scheduler does, as far as it changes what it is at.
    ///
    /// It is ready when it leads or stands by, and its definitions are applied, for the first time.
    func note(_ event: SchedulerEvent) {
        switch event {
        case .becameLeader:
            leadingSince = SystemClock.now()
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

    /// Says that the scheduler was asked to stop.
    nonisolated func tellStopping() {
        socket.send(["STOPPING=1", "STATUS=stops"])
    }

    /// Gives signs of life while the scheduler is sound, until the task is cancelled.
    ///
    /// The health is asked of the scheduler's own thread: when that is stuck, there is no answer and no sign of life.
    /// Looks four times within the supervisor's patience, so that a single bad moment kills nothing.
    func feedWatchdog(health: @Sendable () async -> SchedulerHealth) async {
        guard let watchdog else { return }
        var known: String?
        while !Task.isCancelled {
            let flaw = soundness.flaw(of: await health(), leadingSince: leadingSince, at: SystemClock.now())
            if flaw == nil { socket.send(["WATCHDOG=1"]) }
            if let flaw, known == nil { log.write(.error, "the watchdog is not fed: \(flaw)") }
            known = flaw
            try? await Task.sleep(for: watchdog / 4)
        }
    }
}
