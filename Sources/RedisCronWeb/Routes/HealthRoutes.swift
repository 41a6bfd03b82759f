import RQWire
import RedisCron

/// `/livez`, `/readyz` and `/healthz`, for supervisors: one word, and 200 or 503.
///
/// | address | 200 | 503 |
/// |---|---|---|
/// | `/livez`, `/healthz` | `ok`; also while Redis is away, since a restart would not help | `stuck`: its thread does not answer, or it leads and neither reads the index nor extends its lock |
/// | `/readyz` | `leading`, `standby`; `ready` without a scheduler | `starting`, `disconnected`, `stopping`, `stopped`, `stuck` |
///
/// Without a scheduler in the process, it lives as long as it answers, and is ready while Redis has answered within the last 5 s.
struct HealthRoutes: Sendable {
    let web: CronWeb

    /// How long the scheduler's thread may take to answer.
    private static let patience: Duration = .seconds(5)

    /// What is found, in one word.
    private struct Verdict {
        let isGood: Bool
        let word: String
        /// What is known besides, a line each.
        var details: [String] = []

        static var stuck: Verdict {
            Verdict(isGood: false, word: "stuck", details: ["flaw: the scheduler's thread does not answer"])
        }
    }

    func respond(to request: RoutedRequest) async -> CronWebResponse {
        guard request.path.count == 1 else { return .notFound }
        guard request.isReading else { return .methodNotAllowed("GET, HEAD") }
        let verdict = request.segment(0) == "readyz" ? await readiness() : await life()
        let isVerbose = request.query["verbose"] != nil
        let lines = [verdict.word] + (isVerbose ? verdict.details : [])
        return .text(lines.joined(separator: "\n"), status: verdict.isGood ? 200 : 503)
    }

    private func life() async -> Verdict {
        guard let scheduler = web.scheduler else { return Verdict(isGood: true, word: "ok") }
        guard let state = await web.condition.askScheduler(within: Self.patience) else { return .stuck }
        let soundness = Soundness(
            maxSleepInterval: scheduler.options.maxSleepInterval, lockTTL: scheduler.options.lockTTL)
        let flaw = soundness.flaw(of: state.health, leadingSince: state.metrics.leadingSince, at: .now)
        return Verdict(
            isGood: flaw == nil, word: flaw == nil ? "ok" : "stuck",
            details: (flaw.map { ["flaw: \($0)"] } ?? []) + details(of: state))
    }

    private func readiness() async -> Verdict {
        guard web.scheduler != nil else {
            let answers = await web.condition.redisAnswers()
            return Verdict(isGood: answers, word: answers ? "ready" : "disconnected")
        }
        guard let state = await web.condition.askScheduler(within: Self.patience) else { return .stuck }
        let (word, isGood) = Self.readiness(of: state.health)
        return Verdict(isGood: isGood, word: word, details: details(of: state))
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

    private func details(of state: WebCondition.SchedulerState) -> [String] {
        let (health, metrics) = (state.health, state.metrics)
        let lag = health.lag / .seconds(1)
        return [
            "state: \(health.state.rawValue)",
            "name: \(web.scheduler?.name ?? "")",
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

    private func text(_ time: Timestamp?) -> String { time?.description ?? "never" }
}
