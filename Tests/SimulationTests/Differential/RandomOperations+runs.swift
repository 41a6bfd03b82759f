import RQWire
import RedisCronTesting
import TestSupport

@testable import RedisCron

/// What a leader does with runs, and one that is late or does not lead any more.
extension RandomOperations {
    mutating func keepRuns() async throws -> String {
        switch Int.random(in: 0..<10, using: &random) {
        case 0...3: return try await unfold()
        case 4: return try await record()
        case 5: return try await settle()
        case 6: return try await recordFailures()
        case 7:
            try await twins.forgetRuns(of: (0...4).map { DefinitionID("d\($0)") })
            return "forget runs"
        case 8:
            if Bool.random(using: &random) {
                try await twins.sweepRuns()
                return "sweep"
            }
            try await twins.trimRuns(to: max(0, twins.model.runTotal - Int.random(in: -1...3, using: &random)))
            return "trim"
        default:
            try await twins.readRuns(
                of: DefinitionID("d\(Int.random(in: 0...4, using: &random))"),
                limit: Int.random(in: 1...4, using: &random))
            return "reading runs"
        }
    }

    /// A token that mostly leads.
    private mutating func token() -> String {
        Int.random(in: 0..<8, using: &random) == 0 ? "b:1" : twins.model.lock?.token ?? "a:1"
    }

    private mutating func unfold() async throws -> String {
        let entries = Array(twins.model.runLog.prefix(Int.random(in: 1...3, using: &random)))
        let isLate = Int.random(in: 0..<6, using: &random) == 0
        guard var read = isLate ? unfolded.randomElement(using: &random) : unfolder.read(entries),
            !read.unfolding.entries.isEmpty
        else { return "nothing" }
        if Bool.random(using: &random) { read.unfolding.portions = RunPortion.portions(of: read.unfolding.opened) }
        let before = twins.model.runLog.count
        try await twins.unfold(read.unfolding, token: token(), now: time())
        if twins.model.runLog.count < before, !isLate { unfolder.wrote(read) }
        unfolded.append(read)
        runs += read.unfolding.opened
        portions += read.unfolding.portions
        return "unfold"
    }

    /// A portion that mostly is there still: of its runs some are over, some go on, and of some nothing is said.
    private mutating func settle() async throws -> String {
        let isLate = Int.random(in: 0..<4, using: &random) == 0
        let some = isLate ? portions : twins.model.recentRuns
        guard let portion = some.randomElement(using: &random) else { return "nothing" }
        var (changes, open): ([RunChange], [TrackedRun]) = ([], [])
        for run in portion.runs {
            switch Int.random(in: 0..<6, using: &random) {
            case 0: open.append(run)
            case 1: continue
            default:
                let change = change(of: run)
                changes.append(RunChange(run, from: .open, ending: change.ending, keep: change.keep))
            }
        }
        try await twins.record(changes, settling: RunSettlement(portion, open: open), token: token(), now: time())
        return "settle"
    }

    private mutating func record() async throws -> String {
        var changes: [RunChange] = []
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            // Half of them of definitions that are gone, if there are any.
            let orphans = runs.suffix(60).filter { twins.model.definitions[$0.definition] == nil }
            let some = orphans.isEmpty || Bool.random(using: &random) ? runs : orphans
            guard let run = some.suffix(12).randomElement(using: &random),
                !changes.contains(where: { $0.run == run })
            else { continue }
            changes.append(change(of: run))
        }
        guard !changes.isEmpty else { return "nothing" }
        let now = Timestamp(microseconds: World.epoch + Int64.random(in: 0...40, using: &random) * 500_000)
        try await twins.record(changes, token: token(), now: now)
        return "record"
    }

    /// A keeper by the book: the whole log is unfolded, and of each definition that counts failures a run that it holds to be
    /// open has failed.
    private mutating func recordFailures() async throws -> String {
        guard try await lead() else { return "nothing" }
        while !twins.model.runLog.isEmpty {
            let read = unfolder.read(Array(twins.model.runLog.prefix(8)))
            try await twins.unfold(read.unfolding, token: "a:1", now: time())
            unfolder.wrote(read)
            runs += read.unfolding.opened
        }
        let changes = (0...4).compactMap { number -> RunChange? in
            let id = DefinitionID("d\(number)")
            guard let hash = twins.model.definitions[id]?.hash, hash.policy.pauseAfterFailures != nil else {
                return nil
            }
            let held = OpenRun.list(hash.state.openRuns).map(\.jobID)
            let open = runs.suffix(60).last { run in
                run.definition == id && held.contains(run.jobID.description)
                    && twins.model.tracked[.open]?.contains(run) == true
            }
            return open.map { RunChange($0, from: .open, ending: RunEnding(.failed), keep: 3) }
        }
        guard !changes.isEmpty else { return "nothing" }
        try await twins.record(changes, token: "a:1", now: time())
        return "failures"
    }

    private mutating func change(of run: TrackedRun) -> RunChange {
        let isWatched = twins.model.tracked[.watched]?.contains(run) == true
        let isExpected = Int.random(in: 0..<5, using: &random) > 0
        let former = twins.model.endedRuns[run.definition]?.first { $0.at == run.at && isWatched }
        let keep = Int.random(in: 0...4, using: &random)
        let from: RunPlace = isWatched == isExpected ? .watched : .open
        switch Int.random(in: 0..<6, using: &random) {
        case 0: return RunChange(run, from: from, keep: keep)
        case 1: return RunChange(run, from: from, former: former, isReopened: true, keep: keep)
        default:
            var ending = RunEnding(
                [.failed, .failed, .finished, .canceled, .stopped].randomElement(using: &random) ?? .failed)
            if Bool.random(using: &random) { ending.ended = run.at + .seconds(3) }
            return RunChange(run, from: from, former: former, ending: ending, keep: keep)
        }
    }
}
