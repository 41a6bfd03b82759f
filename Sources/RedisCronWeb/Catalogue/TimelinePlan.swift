import Cron
import RQWire
import RedisCron

/// When a definition runs in the 24 hours from an instant, minute by minute.
///
/// Pure.
struct TimelinePlan: Sendable, Hashable {
    static let minutes = 1_440

    /// A planned time, in minutes from the beginning.
    struct Mark: Sendable, Hashable {
        let minute: Int
        /// Whether a pause keeps it from running.
        let isHeld: Bool
        /// How many runs are planned in that minute.
        let count: Int
        /// The minute in which the first of them is due, jitter included.
        let due: Int
    }

    private(set) var marks: [Mark] = []
    /// How much later than planned a run may be, in minutes.
    private(set) var jitter = 0.0

    /// - Parameters:
    ///   - start: Where it begins; nothing before the present is among the marks.
    ///   - zone: That of definitions that name none.
    init(_ job: RedisCronJob, from start: Timestamp, now: Timestamp, zone: ZoneRules) {
        guard !job.isFinished, let plan = try? job.plan(defaultZone: zone),
            let times = try? ScheduleTimes(job, defaultZone: zone, now: now)
        else { return }
        jitter = Double(job.jitter?.wholeSeconds ?? 0) / 60
        let end = start + .seconds(Self.minutes * 60)
        let pauseEnd = job.enabled ? job.pausedUntil.map { min(max($0, now), end) } : end
        // What a pause holds is what the schedule says without it.
        if let pauseEnd {
            add(from: now, to: pauseEnd, start, isHeld: true, due: plan.dueTime) {
                plan.time(after: $0, anchor: job.anchor)
            }
        }
        guard job.enabled else { return }
        // With a limit each run counts, so that they are taken one after the other.
        if job.policy.maxRuns != nil {
            let left = times.times(after: now).prefix(Self.minutes).prefix { $0 < end }
            for time in left { add(time, start, isHeld: false, count: 1, due: plan.dueTime) }
        } else {
            add(from: max(now, pauseEnd ?? now), to: end, start, isHeld: false, due: plan.dueTime) {
                times.next(after: $0)
            }
        }
    }

    /// Adds the first time of each minute, and how many more there are in it.
    ///
    /// Seconds are counted once: a schedule that runs several times in a minute does the same in each.
    private mutating func add(
        from: Timestamp, to end: Timestamp, _ start: Timestamp, isHeld: Bool, due: (Timestamp) -> Timestamp,
        next: (Timestamp) -> Timestamp?
    ) {
        var after = from - .microseconds(1)
        var perMinute: Int?
        while let time = next(after), time < end {
            let rest = 60 - (time.unixSeconds - start.unixSeconds) % 60
            let border = Timestamp(unixSeconds: time.unixSeconds + rest)
            if perMinute == nil {
                // A whole minute from the first time on.
                var (count, last) = (1, time)
                while count < 60, let other = next(last), other < time + .seconds(60) {
                    (count, last) = (count + 1, other)
                }
                perMinute = count
            }
            add(time, start, isHeld: isHeld, count: perMinute ?? 1, due: due)
            after = border - .microseconds(1)
        }
    }

    private mutating func add(
        _ time: Timestamp, _ start: Timestamp, isHeld: Bool, count: Int, due: (Timestamp) -> Timestamp
    ) {
        func minute(_ time: Timestamp) -> Int { Int((time.unixSeconds - start.unixSeconds) / 60) }
        marks.append(Mark(minute: minute(time), isHeld: isHeld, count: count, due: minute(due(time))))
    }
}

/// The plans of the definitions that somebody looks at, shared by all who do; each is read and computed anew when its definition
/// changes, or another hour begins.
actor TimelinePlans {
    private static let most = 2_000

    private struct Key: Hashable {
        let id: DefinitionID
        let version: UInt32
        let start: Int64
    }

    private let connection: RedisCronConnection
    private var plans: [Key: TimelinePlan] = [:]

    init(connection: RedisCronConnection) {
        self.connection = connection
    }

    /// The plans of these definitions; none of those that cannot be read.
    func plans(
        of entries: [CatalogueEntry], from start: Timestamp, now: Timestamp, zone: ZoneRules
    ) async throws -> [DefinitionID: TimelinePlan] {
        func key(_ entry: CatalogueEntry) -> Key {
            Key(id: entry.id, version: entry.version, start: start.unixSeconds)
        }
        let missing = entries.filter { plans[key($0)] == nil && $0.fault == nil }
        if !missing.isEmpty {
            let listed = try await connection.definitions.listed(missing.map(\.id))
            if plans.count + missing.count > Self.most { plans = [:] }
            for (entry, found) in zip(missing, listed) {
                guard case .found(let stored) = found.reading else { continue }
                let job = RedisCronJob(stored, connection: nil)
                plans[key(entry)] = TimelinePlan(job, from: start, now: now, zone: zone)
            }
        }
        return Dictionary(entries.compactMap { entry in plans[key(entry)].map { (entry.id, $0) } }) { first, _ in first
        }
    }
}
