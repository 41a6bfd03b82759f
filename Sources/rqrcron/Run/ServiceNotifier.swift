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
    private var schedulers: [Place]

    /// How one scheduler is doing.
    private struct Place {
        enum State: String {
            case starting = "starts"
            case leading = "leads"
            case standingBy = "stands by: another scheduler leads"
            case lostLock = "lost the lock"
        }

        /// The state while Redis works.
        var state = State.starting
        /// Whether it has ever led or stood by.
        var isPlaced = false
        var leadingSince: Timestamp?
        /// Why Redis does not work.
        var trouble: String?
    }

    /// Follows the protocol of `sd_notify(3)` if the environment asks for it.
    ///
    /// - Parameters:
    ///   - unapplied: How many sources of definitions are applied before it is ready.
    ///   - schedulers: How many schedulers the service has.
    /// - Throws: ``UsageError`` when a variable is malformed.
    /// - Returns: nil if there is no supervisor to report to.
    init?(
        environment: ProcessEnvironment, soundness: Soundness, log: LogWriter, unapplied: Int = 0, schedulers: Int = 1
    ) throws(UsageError) {
        guard let socket = try NotifySocket(environment: environment) else { return nil }
        self.socket = socket
        self.soundness = soundness
        self.log = log
        self.unapplied = unapplied
        self.schedulers = Array(repeating: Place(), count: schedulers)
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
    /// The service becomes ready once all of its schedulers have led or stood by and the definitions are applied.
    ///
    /// - Parameter place: Which scheduler it is about.
    func note(_ event: SchedulerEvent, of place: Int = 0) {
        switch event {
        case .becameLeader:
            schedulers[place].leadingSince = Timestamp.now
            schedulers[place].state = .leading
            schedulers[place].isPlaced = true
            tell()
        case .standingBy:
            schedulers[place].leadingSince = nil
            schedulers[place].state = .standingBy
            schedulers[place].isPlaced = true
            tell()
        case .definitionsApplied:
            unapplied = max(0, unapplied - 1)
            if !isReady, schedulers.allSatisfy(\.isPlaced) { tell() }
        case .lockLost:
            schedulers[place].leadingSince = nil
            schedulers[place].state = .lostLock
            tell()
        case .disconnected(let reason):
            schedulers[place].trouble = reason.onOneLine
            tell()
        case .reconnected:
            schedulers[place].trouble = nil
            tell()
        default: break
        }
    }

    private func tell() {
        let becomesReady = !isReady && schedulers.allSatisfy(\.isPlaced) && unapplied == 0
        let code = socket.send((becomesReady ? ["READY=1"] : []) + ["STATUS=\(status)"])
        if becomesReady { isReady = true }
        if code != 0 { log.write(.warning, "cannot tell the supervisor at NOTIFY_SOCKET: \(SystemCall.explain(code))") }
    }

    private var status: String {
        guard schedulers.count > 1 else {
            return schedulers[0].trouble.map { "waits for Redis: \($0)" } ?? schedulers[0].state.rawValue
        }
        let leading = schedulers.count { $0.state == .leading }
        let standingBy = schedulers.count { $0.state == .standingBy }
        let troubles = schedulers.compactMap(\.trouble)
        let waiting = troubles.first.map { "; \(troubles.count) wait for Redis: \($0)" } ?? ""
        return "\(schedulers.count) prefixes: leads \(leading), stands by for \(standingBy)\(waiting)"
    }

    /// Reports that the scheduler was asked to stop.
    nonisolated func tellStopping() {
        socket.send(["STOPPING=1", "STATUS=stops"])
    }

    /// Sends signs of life while all schedulers are healthy, until the task is cancelled.
    ///
    /// `healths` runs on the schedulers' own thread: if that is stuck, there is no answer and no sign of life. It is asked
    /// four times per watchdog period, so that one bad moment does not kill the service.
    func feedWatchdog(healths: @Sendable () async -> [SchedulerHealth]) async {
        guard let watchdog else { return }
        var known: String?
        while !Task.isCancelled {
            let now = Timestamp.now
            let flaw = zip(await healths(), schedulers).lazy.compactMap { [soundness] health, place in
                soundness.flaw(of: health, leadingSince: place.leadingSince, at: now)
            }.first
            if flaw == nil { socket.send(["WATCHDOG=1"]) }
            if let flaw, known == nil { log.write(.error, "the watchdog is not fed: \(flaw)") }
            known = flaw
            try? await Task.sleep(for: watchdog / 4)
        }
    }
}
