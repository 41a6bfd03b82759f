import RQWire
import RedisBridge

/// What becomes of runs: the log into which scripts write it, and where it is kept.
extension RedisStore {
    /// How many changes one call of a script makes of runs that stand each for itself, so that it keeps Redis from others for a
    /// millisecond or two.
    private static let mostChanges = 125

    func runLog(limit: Int) async throws -> [[UInt8]] {
        try await connection.definitions.elements(RedisCommand("LRANGE", keys.runLog, 0, limit - 1))
    }

    func recentRuns() async throws -> [RunPortion] {
        try await connection.definitions.recentRuns()
    }

    func endedRuns(of definition: DefinitionID) async throws -> [EndedRun] {
        let key = Array(keys.runsPrefix.utf8) + definition.bytes
        return try await connection.definitions.elements(RedisCommand("LRANGE", key, 0, -1)).compactMap { EndedRun($0) }
    }

    func trackedRuns(
        _ place: RunPlace, after member: [UInt8]?, limit: Int
    ) async throws -> (runs: [TrackedRun], last: [UInt8]?) {
        try await connection.definitions.trackedRuns(place, after: member, limit: limit)
    }

    func standings(of runs: [TrackedRun]) async throws -> [RunStanding] {
        let prefix = Array(keys.runsPrefix.utf8)
        let commands = runs.flatMap { run in
            // A right to ask for scores is not needed for anything else here.
            let member = [UInt8(ascii: "[")] + run.member
            return [keys.openRuns, keys.watchedRuns].map { RedisCommand("ZRANGE", $0, member, member, "BYLEX") }
                + [RedisCommand("LRANGE", prefix + run.definition.bytes, 0, -1)]
        }
        let replies = try await connection.client.pipeline(commands) { _, reply throws(RedisError) in
            try reply.elementsIfList()
        }
        return runs.enumerated().map { index, run in
            let own = Array(replies[3 * index..<3 * index + 3])
            let recorded = own[2].lazy.compactMap { EndedRun($0) }.first { $0.isRecord(of: run) }
            let place: RunPlace? = own[0].isEmpty ? own[1].isEmpty ? nil : .watched : .open
            return RunStanding(place: place, recorded: recorded)
        }
    }

    /// What is in the way of recording what becomes of runs.
    func findingsOfRecords() async throws -> [Finding] {
        guard history > 0 else { return [] }
        let trial = try await CommandTrial(of: NeededCommand.recording(on: keys), on: connection)
        return [trial.findingOfRecords].compactMap(\.self)
    }

    // MARK: Writing

    func unfold(_ unfolding: Unfolding, token: String, now: Timestamp) async throws -> UnfoldOutcome {
        guard let first = unfolding.entries.first else { return .done }
        let members = unfolding.portions.isEmpty ? unfolding.opened : []
        let size = unfolding.opened.count * 160 + unfolding.refused.count * 300 + first.count + 512
        var call = CronScript.unfoldRuns.call(keyCount: 5 + unfolding.refused.count * 2, reserving: size)
        call.append(keys.lock)
        call.append(keys.runLog)
        call.append(keys.openRuns)
        call.append(keys.runIndex)
        call.append(keys.recentRuns)
        let (refusals, definitions) = (Array(keys.refusalsPrefix.utf8), Array(keys.cronJobPrefix.utf8))
        for refused in unfolding.refused {
            call.append(refusals, refused.definition.bytes)
            call.append(definitions, refused.definition.bytes)
        }
        call.append(token)
        call.append(first)
        call.append(unfolding.entries.count)
        call.append(score: now)
        call.append(definitions)
        call.append(unfolding.portions.count)
        call.append(members.count)
        for portion in unfolding.portions { call.append(portion.bytes) }
        for run in members { call.append(run.member) }
        for refused in unfolding.refused {
            call.append(refused.times.bytes)
            call.append(refused.keep - 1)
            call.append(refused.joins ? "1" : "")
        }
        return try await connection.run(CronScript.unfoldRuns, call) { reply in
            if reply.copiedBytes == Self.lockLost { return .lockLost }
            return reply.integer == 0 ? .logMoved : .done
        }
    }

    func record(
        _ changes: [RunChange], settling settlement: RunSettlement?, token: String, now: Timestamp
    ) async throws -> RecordOutcome {
        if let settlement {
            let (codes, count) = try await send(changes, settling: settlement, token: token, now: now)
            if codes == Self.lockLost { return .lockLost }
            if codes == Self.portionGone { return .portionGone }
            return .done(try outcomes(codes, of: changes.count), total: count)
        }
        var outcomes: [RunChangeOutcome] = []
        outcomes.reserveCapacity(changes.count)
        var total: Int?
        for page in changes.pages(of: Self.mostChanges) {
            let (codes, count) = try await send(page, settling: nil, token: token, now: now)
            guard codes != Self.lockLost else { return .lockLost }
            outcomes += try self.outcomes(codes, of: page.count)
            total = count
        }
        if let total { return .done(outcomes, total: total) }
        return .done([], total: try await keptRuns())
    }

    /// What the script answers of a portion that does not stand there.
    private static let portionGone = [UInt8(ascii: "P")]

    private func outcomes(_ codes: [UInt8], of count: Int) throws -> [RunChangeOutcome] {
        let outcomes = codes.compactMap(RunChangeOutcome.init(rawValue:))
        guard outcomes.count == count else {
            throw RedisCronError.unexpectedReply(to: "record_runs", "\(codes.count) of \(count) outcomes")
        }
        return outcomes
    }

    /// Sends changes.
    ///
    /// - Returns: One code for each, ``lockLost`` or ``portionGone``, and how many runs are kept.
    private func send(
        _ changes: [RunChange], settling settlement: RunSettlement?, token: String, now: Timestamp
    ) async throws -> (codes: [UInt8], total: Int) {
        let open = settlement?.open ?? []
        let size = 512 + changes.count * 480 + open.count * 160 + (settlement?.portion.bytes.count ?? 0)
        var call = CronScript.recordRuns.call(keyCount: 7 + changes.count * 2, reserving: size)
        call.append(keys.lock)
        for key in keys.ofAllRuns { call.append(key) }
        call.append(keys.cronJobs)
        call.append(keys.recentRuns)
        let (runs, definitions) = (Array(keys.runsPrefix.utf8), Array(keys.cronJobPrefix.utf8))
        for change in changes {
            call.append(definitions, change.run.definition.bytes)
            call.append(runs, change.run.definition.bytes)
        }
        call.append(token)
        call.append(wireFormat: now)
        call.append(keys.events)
        call.append(definitions)
        call.append(RunPolicy.noteOfFailure)
        call.append(RunPolicy.noteOfFailures)
        call.append(score: now)
        call.append(size: changes.count * RQJobID.textLength) { target in
            for (index, change) in changes.enumerated() {
                change.run.jobID.write(
                    to: UnsafeMutableBufferPointer(rebasing: target[(index * RQJobID.textLength)...]))
            }
        }
        call.append(settlement?.portion.bytes ?? [])
        call.append(open.count)
        for run in open { call.append(run.member) }
        call.append(changes.count)
        for change in changes { append(change, isInPortion: settlement != nil, to: &call) }
        return try await connection.run(CronScript.recordRuns, call) { reply in
            guard reply.count == 2 else { return (reply.copiedBytes, 0) }
            return (reply.withElement(0) { $0.copiedBytes }, reply.withElement(1) { $0.integer ?? 0 })
        }
    }

    private func append(_ change: RunChange, isInPortion: Bool, to call: inout RedisCommand.Builder) {
        let isFailure = change.ending?.isKnownFailure == true
        let mayChange = change.ending?.mayChange == true
        var flags = isInPortion ? "r" : change.from == .watched ? "w" : ""
        if change.former != nil { flags += "x" }
        if let ending = change.ending { flags += isFailure ? "ef" : ending.outcome == .finished ? "es" : "e" }
        if mayChange { flags += "m" }
        if change.isReopened { flags += "o" }
        if change.mayCount, change.ending != nil { flags += "b" }
        call.append(flags + String(change.keep - 1))
        if !isInPortion || mayChange { call.append(change.run.member) }
        if let former = change.former { call.append(former.bytes) }
        if let ending = change.ending { call.append(EndedRun(change.run, ending).bytes) }
        if isFailure {
            call.append(DefinitionRepository.message(.disabled, id: change.run.definition.display))
        }
        if mayChange { call.append(TrackedRun.range(of: change.run.definition).from) }
    }

    @discardableResult
    func forgetRuns(of definitions: [DefinitionID]) async throws -> [DefinitionID] {
        var gone: [DefinitionID] = []
        let (hashes, runs, refusals) = (
            Array(keys.cronJobPrefix.utf8), Array(keys.runsPrefix.utf8), Array(keys.refusalsPrefix.utf8)
        )
        for page in definitions.pages(of: 100) {
            var call = CronScript.forgetRuns.call(keyCount: 4 + page.count * 3, reserving: 512 + page.count * 320)
            for key in keys.ofAllRuns { call.append(key) }
            for id in page {
                call.append(hashes, id.bytes)
                call.append(runs, id.bytes)
                call.append(refusals, id.bytes)
            }
            call.append(hashes)
            for id in page { call.append(TrackedRun.range(of: id).from) }
            let codes = try await connection.run(CronScript.forgetRuns, call) { reply in reply.copiedBytes }
            gone += zip(page, codes).filter { $1 == UInt8(ascii: "+") }.map { $0.0 }
        }
        return gone
    }
}
