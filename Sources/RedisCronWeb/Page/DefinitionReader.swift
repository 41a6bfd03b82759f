import RQWire
import RedisBridge
import RedisCron

/// Reads what the page of a definition shows.
struct DefinitionReader: Sendable {
    let connection: RedisCronConnection

    /// - Returns: `nil` where there is no such definition.
    /// - Throws: `RedisCronError` with code `.unreadableDefinition`, and what the connection throws.
    func report(_ id: DefinitionID, entry: CatalogueEntry?) async throws -> DefinitionReport? {
        guard let listed = try await connection.definitions.listed([id]).first else { return nil }
        let stored: StoredDefinition
        switch listed.reading {
        case .missing: return nil
        case .unreadable(let field, let reason):
            throw RedisCronError(
                .unreadableDefinition, id: id.display, field: field, field.map { "\($0): \(reason)" } ?? reason)
        case .found(let found): stored = found
        }
        let job = RedisCronJob(stored, connection: connection)
        return DefinitionReport(job: job, entry: entry, source: listed.source, runs: try await runs(of: job))
    }

    /// - Returns: `nil` where the server does not let us look.
    private func runs(of job: RedisCronJob) async throws -> [RunRecord]? {
        do throws(RedisCronError) {
            return try await job.runs(limit: DefinitionReport.runs)
        } catch {
            if error.code == .noSuchJob { return [] }
            guard error.redisError?.isDenial == true else { throw error }
            return nil
        }
    }
}
