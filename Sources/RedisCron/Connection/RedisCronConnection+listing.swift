import RQWire
import RedisBridge

extension RedisCronConnection {
    /// Hashes asked for in one round trip.
    private static let page = 500

    /// The definitions of these ids, in their order; those that are gone or unreadable are left out.
    func jobs(ids: [DefinitionID]) async throws -> [RedisCronJob] {
        var jobs: [RedisCronJob] = []
        for start in stride(from: 0, to: ids.count, by: Self.page) {
            let page = Array(ids[start..<min(start + Self.page, ids.count)])
            for case .job(let job) in try await read(page) { jobs.append(job) }
        }
        return jobs
    }

    /// What stands under the keys of these ids, in their order.
    func read(_ ids: [DefinitionID]) async throws -> [DefinitionReading] {
        let prefix = Array(keys.cronJobPrefix.utf8)
        let commands = ids.map { RedisCommand("HGETALL", prefix + $0.bytes) }
        let readings = try await client.pipeline(commands) { _, reply throws(RedisError) in
            try HashReading(reply)
        }
        return zip(ids, readings).map { id, reading in
            switch reading {
            case .missing: .missing
            // RQ's history of a name, which is no definition. A hash there would be one, of an id that none may have.
            case .unreadable(nil, _) where id.isHistoryKey: .missing
            case .unreadable(let field, let reason):
                .unreadable(UnreadableDefinition(id: id.display, field: field, reason: reason))
            case .hash(let fetched): check(fetched, id: id)
            }
        }
    }

    private func check(_ fetched: DefinitionLoader.Fetched, id: DefinitionID) -> DefinitionReading {
        let hash = fetched.hash
        guard hash.id.utf8.elementsEqual(id.bytes) else {
            return .unreadable(
                UnreadableDefinition(id: id.display, field: "id", reason: "the hash says \(quoted(hash.id))"))
        }
        do {
            try DefinitionCheck(hash).validate()
            return .job(
                RedisCronJob(StoredDefinition(hash, nextEnqueueTime: fetched.nextEnqueueTime), connection: self))
        } catch {
            return .unreadable(UnreadableDefinition(id: id.display, field: error.field, reason: error.message))
        }
    }

    /// The ids of all keys that are named as those of definitions, RQ's own history keys (`…:jobs`) too.
    ///
    /// Found by `SCAN`: `KEYS` would block Redis.
    func scanIDs() async throws -> [DefinitionID] {
        var ids: Set<DefinitionID> = []
        // Of a cluster's nodes each scans its own keys. Should ours move to another one meanwhile, it is asked again.
        for _ in 0..<5 {
            let node = try await nodeOfKeys()
            ids.formUnion(try await scan())
            if try await nodeOfKeys() == node { break }
        }
        return ids.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    }

    /// The server that has our keys, which a command with a key finds out.
    private func nodeOfKeys() async throws -> RedisEndpoint {
        _ = try await client.send(RedisCommand("EXISTS", keys.cronJobs))
        return try await client.connection().endpoint
    }

    private func scan() async throws -> Set<DefinitionID> {
        let prefix = Array(keys.cronJobPrefix.utf8)
        var ids: Set<DefinitionID> = []
        var cursor = "0"
        repeat {
            let command = RedisCommand("SCAN", cursor, "MATCH", Self.globEscaped(prefix) + [0x2a], "COUNT", 1000)
            let page = try await client.send(command) { reply throws(RedisError) in
                guard reply.count == 2 else {
                    throw RedisError.unexpectedReply("\(reply.count) elements", expected: "a cursor and keys")
                }
                return ScanPage(
                    cursor: reply.withElement(0) { $0.string } ?? "0",
                    keys: reply.withElement(1) { $0.copiedElements })
            }
            cursor = page.cursor
            for key in page.keys {
                let id = DefinitionID(bytes: Array(key.dropFirst(prefix.count)))
                if !id.bytes.isEmpty { ids.insert(id) }
            }
        } while cursor != "0"
        return ids
    }

    private struct ScanPage: Sendable {
        let cursor: String
        let keys: [[UInt8]]
    }

    /// The bytes with all that means something in a glob pattern escaped: a prefix may hold braces.
    private static func globEscaped(_ bytes: [UInt8]) -> [UInt8] {
        bytes.flatMap { byte in #"*?[]\"#.utf8.contains(byte) ? [0x5c, byte] : [byte] }
    }
}

/// What stands under the key of a definition.
enum DefinitionReading: Sendable {
    case missing
    case unreadable(UnreadableDefinition)
    case job(RedisCronJob)
}

/// A definition that cannot be used, and why.
public struct UnreadableDefinition: Sendable, Hashable {
    /// Its id; bytes that are no UTF-8 are replaced.
    public let id: String
    /// The field that is wrong, where one is.
    public let field: String?
    /// What is wrong with it, for a person.
    public let reason: String
}
