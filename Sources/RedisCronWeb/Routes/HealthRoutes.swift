import RQWire
import RedisCron

/// `/livez`, `/readyz` and `/healthz`, for supervisors: one word, and 200 or 503.
///
/// | address | 200 | 503 |
/// |---|---|---|
/// | `/livez`, `/healthz` | `ok`; also while Redis is away, since a restart would not help | `stuck`: its thread does not answer, or it leads and neither reads the index nor extends its lock |
/// | `/readyz` | `leading`, `standby`; `ready` without a scheduler, or for several that do not all do the same | `starting`, `disconnected`, `stopping`, `stopped`, `stuck` |
///
/// Without a scheduler in the process, it lives as long as it answers, and is ready while Redis has answered within the last 5 s. For
/// several key prefixes together it is 200 while it is for each of them, or else the word of the first one for which it is not.
struct HealthRoutes: Sendable {
    /// Who is asked.
    let mounts: [Mount]

    func respond(to request: RoutedRequest) async -> CronWebResponse {
        guard request.path.count == 1 else { return .notFound }
        guard request.isReading else { return .methodNotAllowed("GET, HEAD") }
        let verdicts = await HealthVerdict.of(mounts, asksReadiness: request.segment(0) == "readyz")
        let isVerbose = request.query["verbose"] != nil
        let word = verdicts.first { !$0.isGood }?.word ?? HealthVerdict.word(of: verdicts)
        return .text(
            ([word] + (isVerbose ? details(verdicts) : [])).joined(separator: "\n"),
            status: verdicts.allSatisfy(\.isGood) ? 200 : 503)
    }

    private func details(_ verdicts: [HealthVerdict]) -> [String] {
        guard mounts.count > 1 else { return verdicts.flatMap(\.details) }
        return zip(mounts, verdicts).map { "\($0.keyPrefix): \($1.word)" }
            + zip(mounts, verdicts).flatMap { mount, verdict in
                verdict.details.isEmpty ? [] : ["", "[\(mount.keyPrefix)]"] + verdict.details
            }
    }
}

/// What is found of the scheduler of one key prefix, in one word.
struct HealthVerdict: Sendable {
    let isGood: Bool
    let word: String
    /// What is known besides, a line each.
    var details: [String] = []

    /// How long the scheduler's thread may take to answer.
    private static let patience: Duration = .seconds(5)

    private static var stuck: HealthVerdict {
        HealthVerdict(isGood: false, word: "stuck", details: ["flaw: the scheduler's thread does not answer"])
    }

    /// The word for all of them, if they are good.
    static func word(of verdicts: [HealthVerdict]) -> String {
        let words = Set(verdicts.map(\.word))
        return words.count == 1 ? words.first ?? "ready" : "ready"
    }

    /// What is found of each, in order.
    static func of(_ mounts: [Mount], asksReadiness: Bool) async -> [HealthVerdict] {
        let states = await WebCondition.ask(mounts.map(\.condition), within: patience)
        // At the same time: Redis may be waited for.
        return await Array(zip(mounts, states)).concurrentMap { mount, state in
            guard let scheduler = mount.scheduler else {
                guard asksReadiness else { return HealthVerdict(isGood: true, word: "ok") }
                let answers = await mount.condition.redisAnswers()
                return HealthVerdict(isGood: answers, word: answers ? "ready" : "disconnected")
            }
            guard let state else { return .stuck }
            return asksReadiness ? readiness(of: state, of: scheduler) : life(of: state, of: scheduler)
        }
    }

    private static func life(
        of state: WebCondition.SchedulerState, of scheduler: RedisCronScheduler
    ) -> HealthVerdict {
        let soundness = Soundness(
            maxSleepInterval: scheduler.options.maxSleepInterval, lockTTL: scheduler.options.lockTTL)
        let flaw = soundness.flaw(of: state.health, leadingSince: state.metrics.leadingSince, at: .now)
        return HealthVerdict(
            isGood: flaw == nil, word: flaw == nil ? "ok" : "stuck",
            details: (flaw.map { ["flaw: \($0)"] } ?? []) + details(of: state, named: scheduler.name))
    }

    private static func readiness(
        of state: WebCondition.SchedulerState, of scheduler: RedisCronScheduler
    ) -> HealthVerdict {
        let (word, isGood) = readiness(of: state.health)
        return HealthVerdict(isGood: isGood, word: word, details: details(of: state, named: scheduler.name))
    }

    /// Whether a scheduler may be taken for one that does its work, or would at once if the leader were gone.
    static func readiness(of health: SchedulerHealth) -> (word: String, isReady: Bool) {
        switch health.state {
        case .stopping: ("stopping", false)
        case .stopped: ("stopped", false)
        case _ where health.disconnectedSince != nil: ("disconnected", false)
        case .starting: ("starting", false)
        case .standingBy: ("standby", true)
        case .leading: ("leading", true)
        }
    }

    private static func details(of state: WebCondition.SchedulerState, named name: String) -> [String] {
        let (health, metrics) = (state.health, state.metrics)
        let lag = health.lag / .seconds(1)
        return [
            "state: \(health.state.rawValue)",
            "name: \(name)",
            "leading since: \(text(metrics.leadingSince))",
            "Redis: "
                + (health.disconnectedSince.map { "away since \($0): \(health.disconnectReason ?? "")" } ?? "answers"),
            "last tick: \(text(health.lastTick))",
            "last heartbeat: \(text(health.lastHeartbeat))",
            "lag: \(lag) s",
            "held back by the rate limit: \(health.heldBack / .seconds(1)) s",
            "next due: \(text(metrics.nextDue))",
        ]
    }

    private static func text(_ time: Timestamp?) -> String { time?.description ?? "never" }
}

extension Array where Element: Sendable {
    /// What becomes of each, all at the same time, in order.
    fileprivate func concurrentMap<Value: Sendable>(
        _ transform: @escaping @Sendable (Element) async -> Value
    ) async -> [Value] {
        if count == 1 { return [await transform(self[0])] }
        return await withTaskGroup(of: (Int, Value).self) { group in
            for (place, element) in enumerated() { group.addTask { (place, await transform(element)) } }
            var values = [Value?](repeating: nil, count: count)
            for await (place, value) in group { values[place] = value }
            return values.compactMap(\.self)
        }
    }
}
