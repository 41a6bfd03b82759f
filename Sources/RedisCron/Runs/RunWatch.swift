import RQWire
import RedisBridge

/// The runs that a leader follows, and when it looks at each again.
///
/// Pure: it is told what happened and what time it is. An end is known within 3 s, or a tenth of the time that the run took if that is
/// longer; with many open runs within the time in which ``looksPerSecond`` come round to all of them. Reviews, the looks at runs that are
/// over and may be brought back, have a queue of their own: there may be far more of these runs, and they must not hold up what is open.
struct RunWatch: Sendable {
    /// The most looks in a second: each costs Redis some microseconds.
    static let looksPerSecond = 5_000
    /// The most of these that are reviews.
    static let reviewsPerSecond = 1_000
    /// The part of a page that reviews have where open runs would fill it.
    private static let reviewPart = 20
    /// The most open runs of one definition that are followed.
    static let mostOpen = 1_000

    /// How long after it was queued a run is looked at first, and then at least.
    private static let shortest: Duration = .milliseconds(2_500)
    /// The part of the time that it has taken so far after which it is looked at again.
    private static let part = 10

    private(set) var followed = ShardedDictionary<RQJobID, Followed>()
    private var byDefinition = ShardedDictionary<DefinitionID, [RQJobID]>()
    private var looks = DeadlineQueue<Look>()
    private var reviews = DeadlineQueue<Look>()
    /// By number, in the order in which they were taken off the log.
    private(set) var portions: [Int: Held] = [:]
    /// The number of each.
    private var numbers: [RunPortion: Int] = [:]
    private var lastPortion = 0
    /// How many runs were put into these.
    private(set) var heldCount = 0
    /// How many are open.
    private(set) var openCount = 0

    /// When the next look at what is open is due, on the monotonic clock; `nil` where nothing is.
    var nextLook: Duration? { looks.earliest.map { .nanoseconds($0) } }

    /// The same for what is over and may be brought back.
    var nextReview: Duration? { reviews.earliest.map { .nanoseconds($0) } }

    /// The definitions whose runs are followed.
    var definitions: [DefinitionID] { byDefinition.keys }

    // MARK: What is followed

    /// Follows a run.
    ///
    /// - Returns: A run that is not followed any more for it: an earlier one under the same job id, or the oldest one of too many.
    mutating func follow(
        _ run: TrackedRun, in place: RunPlace, now: Timestamp, at monotonic: Duration
    ) -> Followed? {
        if let known = followed[run.jobID], known.run == run, known.place == place, known.portion == nil { return nil }
        let dropped = makeRoom(for: run, in: place)
        add(Followed(run: run, memory: RunMemory(lastOpen: run.at), place: place))
        planFirst(run.jobID, now: now, at: monotonic)
        return dropped
    }

    /// Follows the runs of a portion, which are looked at together.
    ///
    /// - Returns: What ``follow(_:in:now:at:)`` does, for all of them.
    mutating func hold(_ portion: RunPortion, now: Timestamp, at monotonic: Duration) -> [Followed] {
        // Where Redis has lost that it was taken off the log, it was taken off once more. To settle the first would take out the second.
        if let same = numbers[portion] { settled(same) }
        lastPortion += 1
        portions[lastPortion] = Held(portion: portion)
        numbers[portion] = lastPortion
        heldCount += portion.runs.count
        var dropped: [Followed] = []
        for run in portion.runs {
            var held = Followed(run: run, memory: RunMemory(lastOpen: run.at), place: .open)
            if let known = followed[run.jobID], known.run == run {
                // It was thought to be somewhere else, before Redis lost something or a call of ours was done late.
                remove(run.jobID)
                (held.memory, held.untold) = (known.memory, known.untold)
            } else if let former = makeRoom(for: run, in: .open) {
                dropped.append(former)
            }
            held.portion = lastPortion
            add(held)
        }
        planFirst(portion: lastPortion, now: now, at: monotonic)
        return dropped
    }

    private mutating func makeRoom(for run: TrackedRun, in place: RunPlace) -> Followed? {
        let former = remove(run.jobID)
        guard place == .open, former == nil, let oldest = oldestOfTooMany(of: run.definition) else { return former }
        return remove(oldest)
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
        unplan(known.look)
        if known.place == .open { openCount -= 1 }
        let definition = known.run.definition
        byDefinition[definition]?.removeAll { $0 == job }
        if byDefinition[definition]?.isEmpty == true { byDefinition[definition] = nil }
        return known
    }

    /// Follows no run of a definition any longer.
    ///
    /// - Parameter inPortions: Whether those in portions are meant too.
    mutating func removeAll(of definition: DefinitionID, inPortions: Bool = true) {
        for known in runs(of: definition) where inPortions || known.portion == nil { remove(known.run.jobID) }
    }

    /// The runs of a definition that are followed.
    func runs(of definition: DefinitionID) -> [Followed] {
        (byDefinition[definition] ?? []).compactMap { followed[$0] }
    }

    /// What is known of a run, if it is followed.
    subscript(job: RQJobID) -> Followed? { followed[job] }

    // MARK: Looks

    /// What it is time to look at.
    struct Due: Sendable {
        /// Runs that stand in no portion.
        var runs: [Followed] = []
        /// Portions, each with those of its runs that are followed.
        var portions: [(number: Int, runs: [Followed])] = []
        /// How many of the runs are looked at since they may be brought back.
        var reviewCount = 0

        /// Whether there is nothing to be done.
        var isEmpty: Bool { runs.isEmpty && portions.isEmpty }
        /// How many runs these are.
        var count: Int { portions.reduce(runs.count) { $0 + $1.runs.count } }
    }

    /// The runs at which it is time to look, at most as many as are wanted, or those of one portion if it has more.
    ///
    /// Open runs come first, except that a small part is left to reviews. A portion whose runs are to be looked at one by one comes
    /// alone, since they are older than what is due behind it. Each run and each portion has to be planned again.
    ///
    /// - Parameter mostReviews: How many reviews may be among them.
    mutating func due(at monotonic: Duration, limit: Int, reviews mostReviews: Int = .max) -> Due {
        let hasReviews = nextReview.map { $0 <= monotonic } ?? false
        let left = hasReviews ? min(mostReviews, limit / Self.reviewPart) : 0
        var due = Due()
        guard takeLooks(at: monotonic, limit: limit - left, into: &due) else { return due }
        let most = min(mostReviews, max(left, limit - due.count))
        while due.reviewCount < most, case .run(let job) = reviews.popDue(at: monotonic.wholeNanoseconds) {
            take(job, into: &due)
            due.reviewCount += 1
        }
        return due
    }

    /// - Returns: Whether others may come with them.
    private mutating func takeLooks(at monotonic: Duration, limit: Int, into due: inout Due) -> Bool {
        var count = 0
        while count < limit, let look = looks.popDue(at: monotonic.wholeNanoseconds) {
            switch look {
            case .run(let job):
                take(job, into: &due)
                count += 1
            case .portion(let number):
                guard let held = portions[number] else { continue }
                let runs = runs(ofPortion: number)
                let comesAlone = held.hasFailed || held.isUncertain
                guard due.isEmpty || !comesAlone && count + runs.count <= limit else {
                    plan(portion: number, at: held.deadline)
                    return true
                }
                portions[number]?.look = nil
                due.portions.append((number, runs))
                if comesAlone { return false }
                count += runs.count
            }
        }
        return true
    }

    private mutating func take(_ job: RQJobID, into due: inout Due) {
        guard let known = followed[job] else { return }
        followed[job]?.look = nil
        due.runs.append(known)
    }

    /// Takes in what a look has found, and plans the next one.
    mutating func looked(at job: RQJobID, remembering memory: RunMemory, now: Timestamp, monotonic: Duration) {
        guard followed[job] != nil else { return }
        followed[job]?.memory = memory
        plan(job, now: now, at: monotonic)
    }

    /// Plans looks after those that failed: each has its turn again, and one that failed by itself keeps no other one up.
    mutating func looksFailed(at jobs: [RQJobID], now: Timestamp, monotonic: Duration) {
        for job in jobs where followed[job]?.portion == nil && followed[job] != nil {
            if jobs.count > 1 {
                planFirst(job, now: now, at: monotonic)
            } else {
                plan(job, at: monotonic + Self.shortest)
            }
        }
    }

    // MARK: Portions

    /// Whether a portion is held that stands in Redis as the same element.
    func holds(_ portion: RunPortion) -> Bool { numbers[portion] != nil }

    /// The runs of a portion that are followed, in their order.
    func runs(ofPortion number: Int) -> [Followed] {
        (portions[number]?.portion.runs ?? []).compactMap { run in
            guard let known = followed[run.jobID], known.run == run, known.portion == number else { return nil }
            return known
        }
    }

    /// Takes in that a portion was taken out, and plans no look at its runs.
    mutating func settled(_ number: Int) {
        for known in runs(ofPortion: number) { followed[known.run.jobID]?.portion = nil }
        guard let held = portions.removeValue(forKey: number) else { return }
        numbers[held.portion] = nil
        heldCount -= held.portion.runs.count
        if let look = held.look { _ = looks.remove(look) }
    }

    /// Takes in that a portion was taken out, and its runs put where open runs stand without a look at them.
    mutating func dispersed(_ number: Int, now: Timestamp, monotonic: Duration) {
        let runs = runs(ofPortion: number)
        settled(number)
        for known in runs { planFirst(known.run.jobID, now: now, at: monotonic) }
    }

    /// Takes in that a portion does not stand where it was thought to: where its runs are is looked up at the next look at each.
    mutating func scattered(_ number: Int, now: Timestamp, monotonic: Duration) {
        for known in runs(ofPortion: number) { followed[known.run.jobID]?.isUncertain = true }
        dispersed(number, now: now, monotonic: monotonic)
    }

    /// Takes in that a call got no answer that would have taken a portion out, and recorded that some of its runs are over.
    mutating func settlingFailed(_ number: Int, as ended: [(job: RQJobID, record: EndedRun)]) {
        portions[number]?.isUncertain = true
        for (job, record) in ended { followed[job]?.untold = record }
        postponed(number)
    }

    /// Takes in that a portion still stands there.
    mutating func stands(_ number: Int) {
        portions[number]?.isUncertain = false
    }

    /// Takes in that a portion that was due has not been looked at, or not to the end: it has its turn again, before what is younger.
    mutating func postponed(_ number: Int) {
        if let held = portions[number] { plan(portion: number, at: held.deadline) }
    }

    /// Takes in that a look at a portion failed: its runs are looked at one by one, so that one which fails by itself keeps none up.
    ///
    /// Of one that is uncertain it is found out first whether it still stands there.
    mutating func lookFailed(atPortion number: Int, now: Timestamp, monotonic: Duration) {
        guard let held = portions[number] else { return }
        if held.isUncertain { return postponed(number) }
        portions[number]?.hasFailed = true
        planFirst(portion: number, now: now, at: monotonic)
    }

    // MARK: What is recorded

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

    /// Takes in where a run stands, and leaves its look planned for the same time.
    mutating func found(_ job: RQJobID, in place: RunPlace, recorded: EndedRun?) {
        guard var known = followed[job] else { return }
        defer { if let look = known.look { plan(job, at: look.deadline) } }
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
    ///
    /// - Parameter keep: How many such runs Redis holds of the definition: beyond that, the oldest is not there any more. It must be
    ///   followed no longer, as nothing would end that for minutes.
    mutating func recorded(_ run: EndedRun, of job: RQJobID, keep: Int, now: Timestamp, monotonic: Duration) {
        guard var known = remove(job) else { return }
        (known.place, known.recorded, known.look, known.isUncertain) = (.watched, run, nil, false)
        known.untold = nil
        add(known)
        plan(job, now: now, at: monotonic)
        dropOldestWatched(of: known.run.definition, keeping: keep)
    }

    /// Follows no longer what Redis has dropped.
    ///
    /// The choice is that of `record_runs.lua`. Where it is uncertain if a run is watched, that is looked up first.
    private mutating func dropOldestWatched(of definition: DefinitionID, keeping keep: Int) {
        guard let jobs = byDefinition[definition], jobs.count > keep else { return }
        let watched = jobs.compactMap { followed[$0] }.filter { $0.place == .watched && !$0.isUncertain }
        guard watched.count > keep else { return }
        let ordered = watched.sorted { one, other in
            one.run.at == other.run.at
                ? one.run.member.lexicographicallyPrecedes(other.run.member) : one.run.at < other.run.at
        }
        for known in ordered.prefix(watched.count - keep) { remove(known.run.jobID) }
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
    mutating func planFirst(_ job: RQJobID, now: Timestamp, at monotonic: Duration) {
        guard let known = followed[job], known.place == .open else { return plan(job, now: now, at: monotonic) }
        plan(job, at: monotonic + shortest - max(now - known.run.at, .zero))
    }

    private mutating func plan(_ job: RQJobID, now: Timestamp, at monotonic: Duration) {
        guard let known = followed[job] else { return }
        plan(job, at: monotonic + pause(known, now: now))
    }

    private mutating func plan(_ job: RQJobID, at deadline: Duration) {
        guard let known = followed[job] else { return }
        unplan(known.look)
        let isReview = known.place == .watched
        let time = deadline.wholeNanoseconds
        let id = isReview ? reviews.insert(.run(job), at: time) : looks.insert(.run(job), at: time)
        followed[job]?.look = PlannedLook(id: id, deadline: deadline, isReview: isReview)
    }

    private mutating func unplan(_ look: PlannedLook?) {
        guard let look else { return }
        _ = look.isReview ? reviews.remove(look.id) : looks.remove(look.id)
    }

    /// Plans the look at a portion by its oldest run.
    private mutating func planFirst(portion number: Int, now: Timestamp, at monotonic: Duration) {
        let oldest = portions[number]?.portion.runs.lazy.map(\.at).min() ?? now
        plan(portion: number, at: monotonic + shortest - max(now - oldest, .zero))
    }

    private mutating func plan(portion number: Int, at deadline: Duration) {
        if let look = portions[number]?.look { _ = looks.remove(look) }
        portions[number]?.deadline = deadline
        portions[number]?.look = looks.insert(.portion(number), at: deadline.wholeNanoseconds)
    }

    /// The shortest time for which an open run is left alone: with more open runs each has its turn, at the rate of all looks.
    private var shortest: Duration { max(Self.shortest, .seconds(1) * openCount / Self.looksPerSecond) }

    /// How long a run is left alone that was looked at.
    private func pause(_ known: Followed, now: Timestamp) -> Duration {
        switch known.place {
        case .open:
            return max(shortest, known.memory.started.map { (now - $0) / Self.part } ?? .zero)
        case .watched:
            let since = known.recorded?.ending.ended ?? known.run.at
            return max(Self.shortest, (now - since) / Self.part)
        }
    }
}

extension Duration {
    /// Whole nanoseconds, rounded down.
    fileprivate var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds.multipliedReportingOverflow(by: 1_000_000_000).partialValue &+ attoseconds / 1_000_000_000
    }
}
