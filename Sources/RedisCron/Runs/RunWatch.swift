import RQWire
import RedisBridge

/// The runs that a leader follows, and when it looks at each again.
///
/// Pure: it is told what happened and what time it is. An end is known within 3 s, or a tenth of the time that the run took if that is
/// longer; with many open runs within the time in which ``looksPerSecond`` come round to all of them.
struct RunWatch: Sendable {
    /// The most looks in a second: each costs Redis some microseconds.
    static let looksPerSecond = 5_000
    /// The most open runs of one definition that are followed.
    static let mostOpen = 1_000

    /// How long after it was queued a run is looked at first, and then at least.
    private static let shortest: Duration = .milliseconds(2_500)
    /// The part of the time that it has taken so far after which it is looked at again.
    private static let part = 10

    /// A run that is followed.
    struct Followed: Sendable {
        let run: TrackedRun
        var memory: RunMemory
        var place: RunPlace
        /// What is recorded of it; of a run that another leader recorded it is not known before it is asked for.
        var recorded: EndedRun?
        /// Whether it is not known where it stands: a call that would have moved it got no answer, or did not find it there.
        var isUncertain = false
        /// What such a call would have recorded, of which nobody was told.
        var untold: EndedRun?
        fileprivate var look: DeadlineQueue<RQJobID>.ID?
    }

    private(set) var followed: [RQJobID: Followed] = [:]
    private var byDefinition: [DefinitionID: [RQJobID]] = [:]
    private var looks = DeadlineQueue<RQJobID>()
    /// How many are open.
    private(set) var openCount = 0

    /// When the next look is due, on the monotonic clock; `nil` where nothing is followed.
    var nextLook: Duration? { looks.earliest.map { .nanoseconds($0) } }

    /// The definitions whose runs are followed.
    var definitions: [DefinitionID] { Array(byDefinition.keys) }

    // MARK: What is followed

    /// Follows a run.
    ///
    /// - Returns: A run that is not followed any more for it: an earlier one under the same job id, or the oldest one of too many.
    mutating func follow(
        _ run: TrackedRun, in place: RunPlace, now: Timestamp, at monotonic: Duration
    ) -> Followed? {
        if let known = followed[run.jobID], known.run == run, known.place == place { return nil }
        var dropped = remove(run.jobID)
        if place == .open, dropped == nil, let oldest = oldestOfTooMany(of: run.definition) { dropped = remove(oldest) }
        add(Followed(run: run, memory: RunMemory(lastOpen: run.at), place: place))
        planFirst(run.jobID, now: now, at: monotonic)
        return dropped
    }

    private mutating func add(_ followed: Followed) {
        let run = followed.run
        self.followed[run.jobID] = followed
        byDefinition[run.definition, default: []].append(run.jobID)
        if followed.place == .open { openCount += 1 }
    }

    private func oldestOfTooMany(of definition: DefinitionID) -> RQJobID? {
        guard let runs = byDefinition[definition], runs.count >= Self.mostOpen else { return nil }
        let open = runs.compactMap { followed[$0] }.filter { $0.place == .open }
        guard open.count >= Self.mostOpen else { return nil }
        return open.min { $0.run.at < $1.run.at }?.run.jobID
    }

    /// Follows a run no longer.
    @discardableResult
    mutating func remove(_ job: RQJobID) -> Followed? {
        guard let known = followed.removeValue(forKey: job) else { return nil }
        if let look = known.look { _ = looks.remove(look) }
        if known.place == .open { openCount -= 1 }
        let definition = known.run.definition
        byDefinition[definition]?.removeAll { $0 == job }
        if byDefinition[definition]?.isEmpty == true { byDefinition[definition] = nil }
        return known
    }

    /// Follows no run of a definition any longer.
    mutating func removeAll(of definition: DefinitionID) {
        for job in byDefinition[definition] ?? [] { remove(job) }
    }

    /// What is known of a run, if it is followed.
    subscript(job: RQJobID) -> Followed? { followed[job] }

    // MARK: Looks

    /// The runs at which it is time to look, at most as many as are wanted.
    ///
    /// Each has to be planned again.
    mutating func due(at monotonic: Duration, limit: Int) -> [Followed] {
        var due: [Followed] = []
        while due.count < limit, let job = looks.popDue(at: monotonic.wholeNanoseconds) {
            guard let known = followed[job] else { continue }
            followed[job]?.look = nil
            due.append(known)
        }
        return due
    }

    /// Takes in what a look has found, and plans the next one.
    mutating func looked(at job: RQJobID, remembering memory: RunMemory, now: Timestamp, monotonic: Duration) {
        guard followed[job] != nil else { return }
        followed[job]?.memory = memory
        plan(job, now: now, at: monotonic)
    }

    /// Plans looks after those that failed: each has its turn again, and one that failed by itself keeps no other one up.
    mutating func looksFailed(at jobs: [RQJobID], now: Timestamp, monotonic: Duration) {
        for job in jobs where followed[job] != nil {
            if jobs.count > 1 {
                planFirst(job, now: now, at: monotonic)
            } else {
                plan(job, at: monotonic + Self.shortest)
            }
        }
    }

    /// Takes in that a call got no answer that would have moved a run, and recorded that it is over if it says so.
    mutating func recordingFailed(of job: RQJobID, as recorded: EndedRun?) {
        followed[job]?.isUncertain = true
        if let recorded { followed[job]?.untold = recorded }
    }

    /// Takes in that a run does not stand where it was thought to: that is looked up at its next look.
    mutating func misplaced(_ job: RQJobID, at monotonic: Duration) {
        followed[job]?.isUncertain = true
        plan(job, at: monotonic + Self.shortest)
    }

    /// Takes in where a run stands, and leaves its look planned as it is.
    mutating func found(_ job: RQJobID, in place: RunPlace, recorded: EndedRun?) {
        guard var known = followed[job] else { return }
        openCount += (place == .open ? 1 : 0) - (known.place == .open ? 1 : 0)
        (known.place, known.recorded, known.isUncertain) = (place, recorded, false)
        if place == .watched, recorded == known.untold { known.untold = nil }
        followed[job] = known
    }

    /// Takes in that it is not known any more what is recorded of runs.
    mutating func forgetRecords() {
        for job in followed.keys { followed[job]?.recorded = nil }
    }

    /// Takes in that a run was recorded as over, and may yet be brought back.
    mutating func recorded(_ run: EndedRun, of job: RQJobID, now: Timestamp, monotonic: Duration) {
        guard var known = remove(job) else { return }
        (known.place, known.recorded, known.look, known.isUncertain) = (.watched, run, nil, false)
        known.untold = nil
        add(known)
        plan(job, now: now, at: monotonic)
    }

    /// Takes in that a run that was over is open again.
    mutating func reopened(_ job: RQJobID, memory: RunMemory, now: Timestamp, monotonic: Duration) {
        guard var known = remove(job) else { return }
        (known.place, known.recorded, known.look, known.memory) = (.open, nil, nil, memory)
        known.untold = nil
        add(known)
        plan(job, now: now, at: monotonic)
    }

    /// Plans a look by the time at which the run was queued.
    ///
    /// Where many have been there for long the oldest comes first, and is recorded first. A list keeps those that were recorded last.
    private mutating func planFirst(_ job: RQJobID, now: Timestamp, at monotonic: Duration) {
        guard let known = followed[job], known.place == .open else { return plan(job, now: now, at: monotonic) }
        plan(job, at: monotonic + shortest - max(now - known.run.at, .zero))
    }

    private mutating func plan(_ job: RQJobID, now: Timestamp, at monotonic: Duration) {
        guard let known = followed[job] else { return }
        plan(job, at: monotonic + pause(known, now: now))
    }

    private mutating func plan(_ job: RQJobID, at deadline: Duration) {
        if let look = followed[job]?.look { _ = looks.remove(look) }
        followed[job]?.look = looks.insert(job, at: deadline.wholeNanoseconds)
    }

    /// The shortest time for which a run is left alone: with more open runs each has its turn, at the rate of all looks.
    private var shortest: Duration { max(Self.shortest, .seconds(1) * openCount / Self.looksPerSecond) }

    /// How long a run is left alone that was looked at.
    private func pause(_ known: Followed, now: Timestamp) -> Duration {
        let shortest = shortest
        switch known.place {
        case .open:
            return max(shortest, known.memory.started.map { (now - $0) / Self.part } ?? .zero)
        case .watched:
            let since = known.recorded?.ending.ended ?? known.run.at
            return max(shortest, (now - since) / Self.part)
        }
    }
}

/// Bounds how many looks are made in a second.
///
/// Pure: it is told what time it is.
struct LookAllowance: Sendable {
    private var left = Double(RunWatch.looksPerSecond) / 10
    private var since: Duration = .zero
    /// Whether there was no page when one was asked for the last time.
    private(set) var isSpent = false

    /// How long it is worth waiting for the next page.
    static let pause: Duration = .milliseconds(20)

    /// Whether a page of so many may be made now: fewer at a time would cost more each.
    mutating func hasPage(of count: Int, at monotonic: Duration) -> Bool {
        let rate = Double(RunWatch.looksPerSecond)
        let passed = max(0, (monotonic - since) / .seconds(1))
        left = min(left + passed * rate, rate / 10)
        since = monotonic
        isSpent = left < Double(count)
        return !isSpent
    }

    mutating func used(_ count: Int) {
        left -= Double(count)
    }
}

extension Duration {
    /// Whole nanoseconds, rounded down.
    fileprivate var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds.multipliedReportingOverflow(by: 1_000_000_000).partialValue &+ attoseconds / 1_000_000_000
    }
}
