import RQWire
import RedisBridge

extension RedisStore {
    /// The whole index in the order of its scores, in pages.
    ///
    /// Found by `ZSCAN`: what is in the index all the time is found, however much the scheduler moves meanwhile, which
    /// reading by rank does not promise. Redis formats scores there in its own way, so `rawScore` is not fit for a compare
    /// and set; see ``current(_:)``.
    func index() async throws -> [[DueEntry]] {
        var found: [DefinitionID: DueEntry] = [:]
        var cursor = "0"
        repeat {
            let command = RedisCommand("ZSCAN", keys.cronJobs, cursor, "COUNT", 1000)
            let page = try await client.send(command) { reply throws(RedisError) in
                guard reply.count == 2 else {
                    throw RedisError.unexpectedReply("\(reply.count) elements", expected: "a cursor and entries")
                }
                return IndexPage(
                    cursor: reply.withElement(0) { $0.string } ?? "0",
                    entries: reply.withElement(1) { DueEntry.read($0) })
            }
            cursor = page.cursor
            for entry in page.entries { found[entry.id] = entry }
        } while cursor != "0"
        let sorted = found.values.sorted { left, right in
            left.score != right.score
                ? left.score < right.score : left.id.bytes.lexicographicallyPrecedes(right.id.bytes)
        }
        return stride(from: 0, to: sorted.count, by: 500).map { Array(sorted[$0..<min($0 + 500, sorted.count)]) }
    }

    /// The entries of these ids as they stand now, with their scores in the form in which scripts compare them.
    func current(_ ids: [DefinitionID]) async throws -> [DueEntry] {
        var entries: [DueEntry] = []
        for start in stride(from: 0, to: ids.count, by: 500) {
            let page = Array(ids[start..<min(start + 500, ids.count)])
            let scores = try await client.pipeline(
                page.map { RedisCommand("ZSCORE", keys.cronJobs, $0.bytes) }
            ) { _, reply throws(RedisError) in
                if let error = reply.error { throw error }
                return reply.isNull ? nil : reply.copiedBytes
            }
            for (id, score) in zip(page, scores) {
                if let score { entries.append(DueEntry(id: id, rawScore: score)) }
            }
        }
        return entries
    }

    private struct IndexPage: Sendable {
        let cursor: String
        let entries: [DueEntry]
    }
}
