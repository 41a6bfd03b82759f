import RQWire
import RedisBridge

/// The definitions that a scheduler is given: applied when it first leads or stands by, and again when Redis lost them.
extension SchedulerActor {
    /// Makes Redis hold the definitions, and says what was done: an event for each source.
    typealias Application = @Sendable () async throws -> [SchedulerEvent]

    /// It leads or stands by.
    func hasPlace() {
        guard !hasHadPlace else { return }
        hasHadPlace = true
        wantDefinitions()
    }

    private func wantDefinitions() {
        wantsDefinitions = true
        definitionsWanted?.yield()
    }

    /// Pursues the lock, with the definitions being kept beside it.
    func pursueLock(applying apply: Application?) async throws {
        guard let apply else { return try await pursueLock() }
        // However often it is said before somebody listens, it is done once.
        let (wishes, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        definitionsWanted = continuation
        defer { definitionsWanted = nil }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.keepDefinitions(applying: apply, when: wishes) }
            defer { group.cancelAll() }
            try await pursueLock()
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    private func keepDefinitions(applying apply: Application, when wishes: AsyncStream<Void>) async throws {
        var backoff = Backoff(first: .milliseconds(100), maximum: .seconds(5))
        var hasApplied = false
        for await _ in wishes {
            while wantsDefinitions {
                do {
                    try await applyIfWanted(apply)
                    hasApplied = true
                    backoff.succeed()
                } catch {
                    try Task.checkCancellation()
                    if !hasApplied, settings.isHopeless(error) {
                        machine.stop()
                        wake()
                        throw error
                    }
                    if backoff.failures == 0 { tell(.definitionsNotApplied(reason: Refusal.text(for: error))) }
                    try await clock.sleep(for: backoff.delayAfterFailure(using: &jitter))
                }
            }
        }
    }

    /// Applies the definitions, if nobody has done so since they were wanted.
    func applyIfWanted(_ apply: Application) async throws {
        guard wantsDefinitions else { return }
        wantsDefinitions = false
        do {
            for event in try await apply() { tell(event) }
        } catch {
            wantsDefinitions = true
            throw error
        }
        // A scheduler that stands by reads the index seldom: what it has just written is to be missed if it goes.
        await lookForLoss()
    }

    /// Looks whether Redis lost its definitions, for a scheduler that has no tick to do so.
    func lookForLoss() async {
        lossSoughtAt = clock.monotonic()
        // A failure here says nothing: whatever comes next meets it too.
        guard let page = try? await store.fetchDue(until: clock.now(), offset: 0, limit: 1) else { return }
        noticeLoss(page)
    }

    /// Says when a reading of the index, from its beginning, shows that everything is gone.
    func noticeLoss(_ page: DuePage) {
        let isEmpty = page.entries.isEmpty && page.nextScore == nil
        guard lossWatch.looked(isEmpty: isEmpty, hasMarker: page.marker != nil) else { return }
        tellLoss()
    }

    /// Says that everything is gone, and has the definitions applied again.
    func tellLoss() {
        tell(.definitionsGone)
        wantDefinitions()
    }
}

/// Notices that Redis lost its definitions.
///
/// Pure. There are two witnesses. Every write of a definition leaves the update marker behind, a deletion too: so an empty
/// index without a marker, where both had been there, was not emptied by anybody who deletes definitions. And a leader
/// publishes its zone, which nobody takes away: so a zone that is gone when the lock is taken again went with everything
/// else, even where others have written definitions since then.
struct LossWatch: Sendable {
    /// Whether the last look found entries in the index, and a marker beside them.
    private var held = false
    /// Whether our zone was published, and whether the last loss was told since then.
    private var hasPublished = false
    private var isTold = false
    /// Whether the zone was gone, and ours has not been published in its place yet.
    private var isPending = false

    /// Takes note of a look at the index.
    ///
    /// - Returns: Whether everything is gone that the last look had found. Said once for each loss.
    mutating func looked(isEmpty: Bool, hasMarker: Bool) -> Bool {
        let wasHeld = held
        // An index that somebody emptied is no loss, nor is what happens to its marker afterwards. Entries without a marker
        // were written by something that leaves none, so that their end would prove nothing.
        held = !isEmpty && hasMarker
        let isLoss = wasHeld && isEmpty && !hasMarker
        if isLoss { isTold = true }
        return isLoss
    }

    /// Takes note of whether a zone is published, asked with the lock in hand and before ours is.
    mutating func tookLock(findingZone: Bool) {
        if hasPublished, !findingZone, !isTold { isPending = true }
    }

    /// Takes note of our zone being published.
    ///
    /// - Returns: Whether Redis lost everything before that, and nobody has been told. Said once for each loss.
    mutating func published() -> Bool {
        hasPublished = true
        isTold = false
        guard isPending else { return false }
        isPending = false
        // What the last look had found is what was lost.
        held = false
        return true
    }
}
