package import RQWire
import RedisBridge

/// Writes runs into RQ 3's own history of cron jobs, `rq:cron_job:{id}:jobs`, where `rq.cron.get_cron_job_ids` and django-rq look
/// for them.
///
/// Only runs whose job id follows from the definition are written: those of the schedule, of backfills, and of triggers with a
/// key. So whatever has such an id is ours, and whoever deletes a definition can take exactly that away and leave what RQ wrote
/// under the same name. `rq_history.lua` does it.
package struct RQHistoryWriter: Sendable {
    /// A run that was queued.
    package typealias Run = (definition: DefinitionID, jobID: String, enqueuedAt: Timestamp)

    /// How many jobs RQ keeps of each name (`DEFAULT_CRON_JOB_HISTORY_LIMIT` in RQ 3).
    private static let limit = 1000
    /// How long RQ keeps a history after its last run, a year (`DEFAULT_CRON_JOB_HISTORY_TTL`).
    private static let timeToLiveSeconds = 31_536_000
    /// How many runs go into one call of a script, which takes about 2 µs for each.
    private static let pageSize = 250

    private let connection: RedisCronConnection

    private var keys: RQKeys { connection.keys }

    package init(_ connection: RedisCronConnection) {
        self.connection = connection
    }

    /// Adds runs to the histories of their definitions.
    ///
    /// Adding a run again changes nothing, so that a page that failed may be sent again. Nothing is written for a definition that
    /// is gone.
    ///
    /// - Returns: How many of the runs are of a kind that is written.
    /// - Throws: What the connection throws; runs before the failed page are written then.
    @discardableResult
    package func append(_ runs: [Run]) async throws -> Int {
        let ours = runs.filter { RQJobID.isNamed($0.jobID.utf8) }
        for page in ours.pages(of: Self.pageSize) { try await append(page: page) }
        return ours.count
    }

    private func append(page runs: [Run]) async throws {
        var definitions: [DefinitionID] = []
        var runsOf: [DefinitionID: [Run]] = [:]
        for run in runs {
            if runsOf[run.definition] == nil { definitions.append(run.definition) }
            runsOf[run.definition, default: []].append(run)
        }
        var call = CronScript.appendRQHistory.call(keyCount: definitions.count * 2, reserving: 256 + runs.count * 192)
        append(definitions, to: &call)
        call.append(Self.limit)
        call.append(Self.timeToLiveSeconds)
        for definition in definitions {
            let runs = runsOf[definition] ?? []
            call.append(runs.count)
            for run in runs {
                call.append(score: run.enqueuedAt)
                call.append(run.jobID)
            }
        }
        _ = try await connection.run(CronScript.appendRQHistory, call) { reply in reply.integer }
    }

    /// Takes our part out of the histories of definitions that are gone.
    ///
    /// Python deletes a definition without it. A definition that exists keeps its history.
    ///
    /// - Throws: What the connection throws.
    package func forget(_ definitions: [DefinitionID]) async throws {
        for page in definitions.pages(of: Self.pageSize) {
            var call = CronScript.forgetRQHistory.call(keyCount: page.count * 2, reserving: 256 + page.count * 96)
            append(page, to: &call)
            _ = try await connection.run(CronScript.forgetRQHistory, call) { reply in reply.integer }
        }
    }

    /// Appends two keys for each definition.
    private func append(_ definitions: [DefinitionID], to call: inout RedisCommand.Builder) {
        let prefix = Array(keys.cronJobPrefix.utf8)
        for definition in definitions {
            call.append(prefix, definition.bytes)
            call.append(keys.cronHistory(definition))
        }
    }
}
