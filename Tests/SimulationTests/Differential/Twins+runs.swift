import RQWire
import RedisCronTesting
import TestSupport

@testable import RedisCron

/// What becomes of runs, done to both twins.
extension Twins {
    mutating func unfold(_ unfolding: Unfolding, token: String, now: Timestamp) async throws {
        let real = try await store.unfold(unfolding, token: token, now: now)
        try expect(real, model.unfold(unfolding, token: token, now: now), of: "unfold")
        note("unfold", real)
    }

    mutating func record(
        _ changes: [RunChange], settling settlement: RunSettlement? = nil, token: String, now: Timestamp
    ) async throws {
        let real = try await store.record(changes, settling: settlement, token: token, now: now)
        let modelled = model.record(changes, settling: settlement, token: token, now: now)
        try expect("\(real)", "\(modelled)", of: "record")
        switch modelled {
        case .lockLost: note("record", "lockLost")
        case .portionGone: note("record", "portionGone")
        case .done(let all, _): for outcome in all { note("record", outcome) }
        }
    }

    mutating func forgetRuns(of ids: [DefinitionID]) async throws {
        try expect(try await store.forgetRuns(of: ids), model.forgetRuns(of: ids), of: "forgotten")
    }

    mutating func sweepRuns() async throws {
        try expect(try await store.sweepRuns(from: 0), model.sweepRuns(from: 0), of: "sweep")
    }

    mutating func trimRuns(to total: Int) async throws {
        try expect(try await store.trimRuns(to: total), model.trimRuns(to: total), of: "trim")
    }

    /// Compares what is read of runs.
    mutating func readRuns(of id: DefinitionID, limit: Int) async throws {
        try expect(try await store.runLog(limit: limit), model.runLog(limit: limit), of: "run log")
        try expect(try await store.recentRuns(), model.recentRuns, of: "recent runs")
        try expect(try await store.endedRuns(of: id), model.endedRuns[id] ?? [], of: "ended runs")
        for place in [RunPlace.open, .watched] {
            let member = limit > 2 ? model.trackedRuns(place, after: nil, limit: 1).last : nil
            let real = try await store.trackedRuns(place, after: member, limit: limit)
            try expect(
                real.runs, model.trackedRuns(place, after: member, limit: limit).runs, of: "tracked runs")
            try expect(try await store.standings(of: real.runs), model.standings(of: real.runs), of: "standings")
        }
    }
}
