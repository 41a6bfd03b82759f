package import RQWire

/// What of a definition limits its runs beyond the schedule, with the state that goes with it; as it was read.
package final class Governance: Sendable {
    package let policy: RunPolicy
    /// Until when it is paused.
    package let pausedUntil: Timestamp?
    /// How late a run may be; `nil` for no limit.
    package let window: Duration?
    /// Since when the planned time waits for earlier runs.
    package let waitingSince: Timestamp?
    /// The runs that may be open; without a policy that keeps track of them, what an edit left behind.
    package let openRuns: OpenRuns

    /// - Parameter skipWindow: How late a run may be where missed ones are skipped and nothing else is said.
    /// - Returns: `nil` for a definition that has nothing of it.
    package init?(_ hash: CronJobHash, skipWindow: Duration) {
        guard hash.policy != RunPolicy() || hash.state.pausedUntil != nil else { return nil }
        policy = hash.policy
        pausedUntil = hash.state.pausedUntil
        window = hash.policy.catchUpWindow ?? (hash.policy.catchUp == .skip ? skipWindow : nil)
        waitingSince = hash.state.waitingSince
        openRuns = OpenRuns(hash.state.openRuns)
    }

    /// How late a run may be where missed ones are skipped: longer than any fail-over takes.
    package static func skipWindow(lockTTL: Duration) -> Duration {
        max(.seconds(180), lockTTL * 3 / 2)
    }

    /// When to look again at a planned time that waits for earlier runs: the longer it waits, the less often.
    package func nextLook(now: Timestamp) -> Timestamp {
        guard policy.overlap == .wait, let waitingSince else { return now + .seconds(1) }
        return now + min(max((now - waitingSince) / 10, .seconds(1)), .seconds(15))
    }
}

/// The field `open_runs`: its bytes, which the script compares, and what they say.
package struct OpenRuns: Sendable, Hashable {
    package let bytes: [UInt8]
    package let runs: [OpenRun]

    package init(_ bytes: [UInt8]) {
        self.init(bytes: bytes, runs: OpenRun.list(bytes))
    }

    /// - Parameter runs: Those of the bytes, and others that are to be looked at as well.
    init(bytes: [UInt8], runs: [OpenRun]) {
        self.bytes = bytes
        self.runs = runs
    }

    /// The field for some runs, oldest first; empty for none.
    package init(of runs: some Sequence<OpenRun>) {
        self.runs = Array(runs)
        bytes =
            self.runs.isEmpty
            ? []
            : [UInt8(ascii: "[")] + self.runs.map(\.json).joined(separator: [UInt8(ascii: ",")])
                + [UInt8(ascii: "]")]
    }

    /// The field as the script writes it when one run is open.
    ///
    /// - Parameter queueJSON: The name of its queue in JSON.
    init(of run: OpenRun, queueJSON: [UInt8]) {
        runs = [run]
        var bytes: [UInt8] = []
        bytes.reserveCapacity(run.jobID.utf8.count + queueJSON.count + 7)
        bytes += #"[[""#.utf8
        bytes += run.jobID.utf8
        bytes += #"","#.utf8
        bytes += queueJSON
        bytes += "]]".utf8
        self.bytes = bytes
    }
}

/// Why a planned time that has come was not run.
public enum RefusalReason: String, Sendable, Hashable, CaseIterable {
    /// An earlier run was still queued or running.
    case overlap
    /// It was too late, or several that were missed became one run.
    case missed
    /// It is excluded, or before the start: another scheduler had planned it.
    case excluded
    /// It is after the end: another scheduler had planned it.
    case ended
    /// The schedule has queued as many runs as it may.
    case limit
    /// The definition is paused: another scheduler had planned it.
    case paused
}

// MARK: - What to do with a planned time

/// Whether this machine's clock agrees with that of Redis.
package enum ClockAgreement: Sendable, Hashable {
    /// Nobody has compared them.
    case unknown
    /// They agree well enough.
    case agrees
    /// They do not: nothing is done that a wrong clock would do to many runs.
    case differs
}

/// What is done with a planned time, and what follows it.
package struct PlannedStep: Sendable, Hashable {
    package let step: PlannedRun.Step
    /// `nil` when there is no further one.
    package let next: Timestamp?
}

extension PreparedDefinition {
    /// The most missed runs that are made up for.
    package static let mostCaughtUp = 1_000

    /// Decides about a planned time that is due.
    ///
    /// Pure. In this order: pause, start and end, exclusions, the catch-up window, catch-up. What depends on Redis, the limit
    /// and the overlap, is decided by the script.
    ///
    /// - Returns: `nil` if it has to be known first whether the clock agrees with that of Redis: before more than one missed
    ///   run is made up for, any is given up, or the definition finishes.
    package func step(planned: Timestamp, now: Timestamp, clock: ClockAgreement) -> PlannedStep? {
        guard governance != nil || plan.bounds != nil else {
            return PlannedStep(step: .queue, next: plan.next(planned: planned, now: now))
        }
        if let refusal = refusal(of: planned, now: now) { return refusal }
        let usual = caughtUp(planned: planned, now: now)
        guard clock != .agrees, dependsOnClock(usual, planned: planned, now: now) else { return usual }
        if clock == .unknown { return nil }
        // One run, and the next one wherever there is one.
        return PlannedStep(
            step: .queue, next: plan.next(planned: planned, now: now) ?? plan.time(after: planned, anchor: planned))
    }

    /// Whether a wrong clock would do harm.
    private func dependsOnClock(_ decision: PlannedStep, planned: Timestamp, now: Timestamp) -> Bool {
        if decision.step != .queue { return true }
        guard let next = decision.next else {
            return plan.bounds?.end != nil && plan.time(after: planned, anchor: planned) != nil
        }
        return plan.dueTime(of: next) <= now
    }

    /// The refusal of a time that somebody else planned.
    private func refusal(of planned: Timestamp, now: Timestamp) -> PlannedStep? {
        if let end = governance?.pausedUntil, planned < end {
            let next = plan.time(after: end - .microseconds(1), anchor: planned)
            return PlannedStep(step: .refuse(.paused), next: next)
        }
        guard let bounds = plan.bounds else { return nil }
        if let end = bounds.end, planned > end { return PlannedStep(step: .refuse(.ended), next: nil) }
        if let start = bounds.start, planned < start {
            let next = plan.time(after: start - .microseconds(1), anchor: planned)
            return PlannedStep(step: .refuse(.excluded), next: next)
        }
        guard bounds.excludes(planned) else { return nil }
        let next =
            governance?.policy.catchUp == .all
            ? plan.time(after: planned, anchor: planned) : plan.next(planned: planned, now: now)
        return PlannedStep(step: .refuse(.excluded), next: next)
    }

    private func caughtUp(planned: Timestamp, now: Timestamp) -> PlannedStep {
        // An instant before which a due time is too late.
        let oldest = governance?.window.map { now - $0 }
        let isTooLate = oldest.map { plan.dueTime(of: planned) < $0 } ?? false
        if governance?.policy.catchUp == .all {
            // The first one that is due later than just before the window.
            let first =
                isTooLate
                ? oldest.flatMap { plan.next(planned: planned, now: $0 - .microseconds(1)) } : planned
            let earliest = first.flatMap { first in
                first > now ? first : plan.earliest(ofLast: Self.mostCaughtUp, from: first, to: now)
            }
            guard earliest == planned else { return PlannedStep(step: .refuse(.missed), next: earliest ?? first) }
            return PlannedStep(step: .queue, next: plan.time(after: planned, anchor: planned))
        }
        let next = plan.next(planned: planned, now: now)
        guard isTooLate, let oldest else { return PlannedStep(step: .queue, next: next) }
        if let newest = newestMissed(from: planned, now: now), newest > planned, plan.dueTime(of: newest) >= oldest {
            return PlannedStep(step: .refuse(.missed), next: newest)
        }
        return PlannedStep(step: .refuse(.missed), next: next)
    }

    /// The last planned time that is due.
    private func newestMissed(from planned: Timestamp, now: Timestamp) -> Timestamp? {
        guard let last = plan.lastTime(notAfter: now, from: planned, anchor: planned) else { return nil }
        if plan.dueTime(of: last) <= now { return last }
        return plan.lastTime(notAfter: last - .microseconds(1), from: planned, anchor: planned)
    }
}
