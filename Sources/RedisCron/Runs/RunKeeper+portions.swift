import RQWire

/// What is done about runs that stand in portions.
extension RunKeeper {
    /// Looks at the runs of portions, and settles each: what is over is recorded, and what goes on is put where open runs stand.
    ///
    /// - Returns: Whether the lock is ours, as far as is known.
    func look(at due: [(number: Int, runs: [RunWatch.Followed])]) async throws -> Bool {
        guard !due.isEmpty else { return true }
        let numbers = due.map(\.number)
        do {
            try await findPortions(numbers)
            guard try await disperse(numbers.filter { watch.portions[$0]?.hasFailed == true }) else { return false }
            let standing = due.filter { watch.portions[$0.number] != nil }
            let runs = standing.flatMap(\.runs)
            let looks = runs.map { RunToLookAt($0.run, memory: $0.memory, place: .open) }
            let findings = runs.isEmpty ? [] : try await undisturbed(store.look(at: looks, now: clock.now()), runs)
            var found: [RQJobID: RunFinding] = [:]
            for (known, finding) in zip(runs, findings) { found[known.run.jobID] = finding }
            for (number, _) in standing {
                guard try await settle(number, found) else { return false }
            }
            return true
        } catch {
            let (now, monotonic) = (clock.now(), clock.monotonic())
            for number in numbers { watch.lookFailed(atPortion: number, now: now, monotonic: monotonic) }
            throw error
        }
    }

    /// Records what was found of the runs of a portion.
    private func settle(_ number: Int, _ found: [RQJobID: RunFinding]) async throws -> Bool {
        var changes: [RunChange] = []
        var open: [(run: TrackedRun, memory: RunMemory)] = []
        // Since the look some may have been forgotten with their definitions.
        for known in watch.runs(ofPortion: number) {
            let run = known.run
            switch found[run.jobID] {
            case .over(let ending): changes.append(RunChange(run, from: .open, ending: ending, keep: keep(run)))
            case .settled: changes.append(RunChange(run, from: .open, keep: keep(run)))
            case .open(let memory), .unclear(let memory): open.append((run, memory))
            case nil: open.append((run, known.memory))
            }
        }
        guard try await takeOut(number, changes, open: open.map(\.run)) else { return false }
        let (now, monotonic) = (clock.now(), clock.monotonic())
        for (run, memory) in open where watch[run.jobID]?.isUncertain == false {
            watch.looked(at: run.jobID, remembering: memory, now: now, monotonic: monotonic)
        }
        return true
    }

    /// Puts the runs of portions where open runs stand, without a look at them.
    ///
    /// - Parameter others: Runs of these portions that are followed no longer, and are put there too.
    func disperse(_ numbers: [Int], with others: [TrackedRun] = []) async throws -> Bool {
        guard !numbers.isEmpty else { return true }
        try await findPortions(numbers)
        let others = Set(others)
        for number in numbers.sorted() {
            guard let held = watch.portions[number] else { continue }
            let followed = Set(watch.runs(ofPortion: number).map(\.run))
            let open = held.portion.runs.filter { followed.contains($0) || others.contains($0) }
            guard try await takeOut(number, [], open: open) else { return false }
            let (now, monotonic) = (clock.now(), clock.monotonic())
            for run in followed { watch.planFirst(run.jobID, now: now, at: monotonic) }
        }
        return true
    }

    /// Takes a portion out, in one step with what becomes of its runs.
    private func takeOut(_ number: Int, _ changes: [RunChange], open: [TrackedRun]) async throws -> Bool {
        let changes = await marked(changes)
        guard let held = watch.portions[number] else { return true }
        let outcome: RecordOutcome
        do {
            let settlement = RunSettlement(held.portion, open: open)
            outcome = try await store.record(changes, settling: settlement, token: token, now: clock.now())
        } catch {
            let ended = changes.compactMap { change in
                change.ending.map { (job: change.run.jobID, record: EndedRun(change.run, $0)) }
            }
            watch.settlingFailed(number, as: ended)
            throw error
        }
        switch outcome {
        case .lockLost: return false
        case .portionGone: watch.scattered(number, now: clock.now(), monotonic: clock.monotonic())
        case .done(let outcomes, let total):
            watch.settled(number)
            try await take(changes, outcomes, total: total)
        }
        return true
    }

    /// Looks up whether those of the portions still stand there of which that is not known.
    private func findPortions(_ numbers: [Int]) async throws {
        guard numbers.contains(where: { watch.portions[$0]?.isUncertain == true }) else { return }
        let standing = try await store.recentRuns()
        compare(watch.portions.filter(\.value.isUncertain), with: standing)
    }

    /// Takes in which of these portions still stand there.
    private func compare(_ portions: [Int: RunWatch.Held], with standing: [RunPortion]) {
        let (now, monotonic) = (clock.now(), clock.monotonic())
        let there = Set(standing)
        for (number, held) in portions.sorted(by: { $0.key < $1.key }) {
            if there.contains(held.portion) {
                watch.stands(number)
            } else {
                watch.scattered(number, now: now, monotonic: monotonic)
            }
        }
    }

    /// Takes in which portions there are, when all is read anew.
    ///
    /// - Returns: What ``RunWatch/hold(_:now:at:)`` does, for all of them.
    func found(_ standing: [RunPortion]) -> [RunWatch.Followed] {
        let new = standing.filter { !watch.holds($0) }
        compare(watch.portions, with: standing)
        let (now, monotonic) = (clock.now(), clock.monotonic())
        return new.flatMap { watch.hold($0, now: now, at: monotonic) }
    }
}
