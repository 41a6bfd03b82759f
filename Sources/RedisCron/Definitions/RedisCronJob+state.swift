package import Cron
package import RQWire

/// The state of a job as people are told it.
extension RedisCronJob {
    /// `enabled, 3 of 10 runs`, `disabled`, `paused until 2026-…Z: database move`, `waits since 2026-…Z for earlier runs` or
    /// `finished: 10 of 10 runs`.
    package func stateText(at now: Timestamp) -> String {
        if isFinished { return finishText }
        if isPaused(at: now) { return pauseText }
        guard enabled else { return "disabled" }
        if let since = definition.state.waitingSince { return "waits since \(since) for earlier runs" }
        return "enabled" + (runCountText.map { ", \($0)" } ?? "")
    }

    /// Why no run follows, behind the name of the job: `it is disabled`; `nil` for a job that goes on.
    package func reasonForNoRun(at now: Timestamp) -> String? {
        if isFinished { return "it is \(finishText)" }
        guard !enabled else { return nil }
        return "it is \(isPaused(at: now) ? pauseText : "disabled")"
    }

    /// Why it is finished: `finished: 10 of 10 runs`, or that its end leaves no time.
    package var finishText: String {
        if definition.hasReachedLimit, let runCountText { return "finished: \(runCountText)" }
        return definition.schedule.endTime == nil ? "finished" : "finished: no time left before its end"
    }

    /// `3 of 10 runs`; `nil` for a job without a limit.
    private var runCountText: String? {
        policy.maxRuns.map { "\(runCount) of \($0) run\($0 == 1 ? "" : "s")" }
    }

    private var pauseText: String {
        let end = enabled ? pausedUntil.map { " until \($0)" } ?? "" : ""
        return "paused" + end + (pauseNote.map { ": \($0)" } ?? "")
    }
}

/// The times of a job, for those who show them.
extension RedisCronJob {
    /// Its schedule with start, end, exclusions and jitter.
    ///
    /// - Parameter zone: The zone that counts where the definition names none.
    /// - Throws: ``RedisCronError`` with code `.invalidDefinition` or `.timeZoneUnavailable`.
    package func plan(defaultZone zone: ZoneRules) throws(RedisCronError) -> RunPlan {
        try DefinitionCheck(definition).plan(defaultZone: zone)
    }

    /// A time of the grid of an interval: the next planned one, where there is one, else the one that stood when it finished.
    package var anchor: Timestamp {
        definition.gridTime ?? definition.createdAt ?? definition.latestEnqueueTime ?? .now
    }

    /// When its next run is due, jitter included; `nil` where none is planned.
    ///
    /// - Parameter zone: The zone that counts where the definition names none; `nil` where it is not known, and then the
    ///   latest time that is possible is given.
    package func nextDueTime(defaultZone zone: ZoneRules?) -> Timestamp? {
        guard let next = definition.plannedTime else { return nil }
        guard let jitter = definition.schedule.jitter else { return next }
        let known = definition.usesDefaultTimeZone ? zone : .utc
        guard let plan = known.flatMap({ try? plan(defaultZone: $0) }) else { return next + jitter }
        return plan.dueTime(of: next)
    }

    /// Whether its run has been due for 5 s and has not been queued; one that waits for earlier runs is not overdue.
    ///
    /// - Parameter zone: As for ``nextDueTime(defaultZone:)``.
    package func isOverdue(at now: Timestamp, defaultZone zone: ZoneRules?) -> Bool {
        guard enabled, definition.state.waitingSince == nil, let due = nextDueTime(defaultZone: zone) else {
            return false
        }
        return due + .seconds(5) < now
    }
}

extension RunPlan {
    /// When a planned time may run, for people: `2026-06-03T05:40:00.000000Z`, with jitter `2026-…Z to …Z`.
    package func rangeText(of planned: Timestamp) -> String {
        guard let bounds, case let latest = bounds.latestDueTime(of: planned), latest > planned else {
            return planned.wireFormat
        }
        return "\(planned.wireFormat) to \(latest.wireFormat)"
    }

    /// The last times before an instant, the latest first.
    ///
    /// - Parameters:
    ///   - count: How many.
    ///   - earliest: No time before this one.
    ///   - anchor: A time of the grid, for an interval that has no start of its own.
    package func times(
        _ count: Int, before instant: Timestamp, from earliest: Timestamp, anchor: Timestamp
    ) -> [Timestamp] {
        guard let first = time(after: earliest - .microseconds(1), anchor: anchor) else { return [] }
        var times: [Timestamp] = []
        var end = instant
        while times.count < count, let last = lastTime(notAfter: end - .microseconds(1), from: first, anchor: anchor) {
            times.append(last)
            end = last
        }
        return times
    }
}
