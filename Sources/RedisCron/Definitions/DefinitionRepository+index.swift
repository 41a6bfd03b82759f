import RQWire
import RedisBridge

/// Finds definitions, by their keys and in the index, and keeps the index in order.
extension DefinitionRepository {
    /// The ids of all keys that are named like those of definitions, RQ's own history keys (`…:jobs`) too.
    ///
    /// Uses `SCAN`, because `KEYS` would block Redis.
    package func scanIDs() async throws -> [DefinitionID] {
        let ids = try await scanIDSet()
        return ids.sorted().map { ids[Int($0)] }
    }

    /// As ``scanIDs()``, in little memory and in no order.
    package func scanIDSet() async throws -> InternedBytes {
        var ids = InternedBytes()
        try await eachPageOfKeys { found in found.forEach { ids.insert($0) } }
        return ids
    }

    /// All ids that are in the index or have a key, and the scores of those in the index: both are gone through at the same time.
    func indexAndKeys() async throws -> IndexScores {
        let found = FoundIDs()
        async let index: Void = eachPageOfIndex { await found.take($0, scores: $1) }
        try await eachPageOfKeys { await found.take($0) }
        try await index
        return await found.index
    }

    private func eachPageOfKeys(_ take: (JoinedBytes) async -> Void) async throws {
        // Each node of a cluster scans its own keys. If ours move to another node meanwhile, that one is asked again.
        for _ in 0..<5 {
            let node = try await nodeOfKeys()
            try await scan(take)
            if try await nodeOfKeys() == node { break }
        }
    }

    /// The server that has our keys; a command with a key finds it.
    private func nodeOfKeys() async throws -> RedisEndpoint {
        _ = try await client.send(RedisCommand("EXISTS", keys.cronJobs))
        return try await client.connection().endpoint
    }

    private func scan(_ take: (JoinedBytes) async -> Void) async throws {
        let prefix = Array(keys.cronJobPrefix.utf8)
        let pattern = Self.globEscaped(prefix) + [UInt8(ascii: "*")]
        try await eachPage({ RedisCommand("SCAN", $0, "MATCH", pattern, "COUNT", 1000) }) { reply in
            var found = JoinedBytes()
            reply.forEach { key in
                key.withBytes { key in
                    guard let key, key.count > prefix.count else { return }
                    found.append(UnsafeRawBufferPointer(rebasing: key[prefix.count...]))
                }
            }
            return found
        } take: { found in
            await take(found)
        }
    }

    /// The bytes with everything escaped that has a meaning in a glob pattern: a prefix may hold braces.
    private static func globEscaped(_ bytes: [UInt8]) -> [UInt8] {
        bytes.flatMap { byte in #"*?[]\"#.utf8.contains(byte) ? [0x5c, byte] : [byte] }
    }

    /// The whole index in the order of its scores, in pages.
    ///
    /// Redis formats scores there in its own way, so do not use `rawScore` for a compare and set; see ``current(_:)``.
    func index() async throws -> [[DueEntry]] {
        var index = IndexScores()
        try await eachPageOfIndex { index.take($0, scores: $1) }
        return (0..<index.ids.count).compactMap { index.entry(at: UInt32($0)) }.sorted { left, right in
            left.score != right.score
                ? left.score < right.score : left.id.bytes.lexicographicallyPrecedes(right.id.bytes)
        }.pages(of: Self.pageSize)
    }

    /// The ids of the whole index, in no order, and the score of each.
    ///
    /// Uses `ZSCAN`, which finds whatever is in the index all the time, however much a scheduler moves meanwhile; reading by
    /// rank does not promise that.
    private func eachPageOfIndex(_ take: (JoinedBytes, [Double]) async -> Void) async throws {
        try await eachPage({ RedisCommand("ZSCAN", keys.cronJobs, $0, "COUNT", 1000) }) { reply in
            var found: (ids: JoinedBytes, scores: [Double]) = (JoinedBytes(), [])
            reply.forEachPair { id, score in
                found.ids.append(UnsafeRawBufferPointer(id))
                found.scores.append(Double(String(decoding: score, as: UTF8.self)) ?? .infinity)
            }
            return found
        } take: { found in
            await take(found.ids, found.scores)
        }
    }

    /// Sends a command that continues at a cursor until the cursor is back at its beginning.
    ///
    /// A task of its own reads one page after the other, and waits for nothing but Redis. So what is read and not yet taken is
    /// held, however much it is: a page has some thousand ids, and all of them are wanted in the end.
    private func eachPage<Page: Sendable>(
        _ command: @escaping @Sendable (_ cursor: String) -> RedisCommand,
        decode: @escaping @Sendable (borrowing RedisReplyView) -> Page, take: (Page) async -> Void
    ) async throws {
        let (pages, read) = AsyncStream.makeStream(of: Page.self, bufferingPolicy: .unbounded)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { read.finish() }
                var cursor = "0"
                repeat {
                    let (next, page) = try await client.send(command(cursor)) { reply throws(RedisError) in
                        guard reply.count == 2 else {
                            throw RedisError.unexpectedReply(
                                "\(reply.count) elements", expected: "a cursor and elements")
                        }
                        return (reply.withElement(0) { $0.string } ?? "0", reply.withElement(1) { decode($0) })
                    }
                    read.yield(page)
                    cursor = next
                } while cursor != "0"
            }
            for await page in pages { await take(page) }
            try await group.waitForAll()
        }
        // The pages end early for a task that was cancelled.
        try Task.checkCancellation()
    }

    /// The present entries of these ids, with their scores in the form in which scripts compare them.
    func current(_ ids: [DefinitionID]) async throws -> [DueEntry] {
        var entries: [DueEntry] = []
        for page in ids.pages(of: Self.pageSize) {
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

    /// Takes entries out of the index that lead to no run: those of definitions that are gone or disabled.
    ///
    /// - Returns: How many were taken out. The script looks again at each: a definition that was written or enabled since then
    ///   keeps its entry.
    func prune(_ ids: [DefinitionID]) async throws -> Int {
        var count = 0
        for page in try await current(ids).pages(of: Self.pageSize) {
            let entries = page.map { StaleEntry(entry: $0, nextScore: nil) }
            if case .done(let outcomes) = try await reconcile(entries, token: nil) {
                count += outcomes.count { $0 == .pruned || $0 == .disabled }
            }
        }
        return count
    }

    /// Reconciles index entries that lead to no run, in one atomic step; see ``CronStore/reconcile(_:token:)``.
    func reconcile(_ entries: [StaleEntry], token: String?) async throws -> ReconcileOutcome {
        var call = CronScript.reconcileIndex.call(keyCount: 2 + entries.count * 2, reserving: 256 + entries.count * 160)
        call.append(keys.lock)
        call.append(keys.cronJobs)
        let prefix = Array(keys.cronJobPrefix.utf8)
        for stale in entries { call.append(prefix, stale.entry.id.bytes) }
        for stale in entries { call.append(prefix, stale.entry.id.bytes + DefinitionID.historySuffix) }
        call.append(token ?? "")
        call.append(keys.cronJobPrefix)
        call.append(entries.count)
        for stale in entries {
            call.append(stale.entry.rawScore)
            if let next = stale.nextScore, let planned = stale.planned {
                call.append(next.scoreText)
                // Without an updated_at it is not known whose schedule this is: the hash is left alone.
                if stale.updatedAtBytes == nil { call.append([]) } else { call.append(wireFormat: planned) }
            } else {
                call.append(stale.isOver ? "over" : "")
                call.append([])
            }
            call.append(stale.updatedAtBytes ?? [UInt8(ascii: "*")])
        }
        let codes = try await CronScript.reconcileIndex.run(call.finish(), on: client) { reply in reply.copiedBytes }
        guard codes != CronScript.lockLost else { return .lockLost }
        let outcomes = codes.compactMap(EntryOutcome.init(rawValue:))
        guard outcomes.count == entries.count else {
            throw RedisCronError.unexpectedReply(to: "reconcile_index", "\(codes.count) of \(entries.count) outcomes")
        }
        return .done(outcomes)
    }
}

extension Array {
    /// The elements in arrays of at most that many.
    func pages(of size: Int) -> [[Element]] {
        stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
    }
}

/// Byte strings of a reply one behind the other: an array for each would take longer than the rest.
private struct JoinedBytes: Sendable {
    private var bytes: [UInt8] = []
    private var ends: [Int] = []

    mutating func append(_ text: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: text)
        ends.append(bytes.count)
    }

    func forEach(_ body: (UnsafeRawBufferPointer) -> Void) {
        bytes.withUnsafeBytes { bytes in
            var start = 0
            for end in ends {
                body(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
                start = end
            }
        }
    }
}

/// Ids, and the scores of those that are in the index.
struct IndexScores: Sendable {
    private(set) var ids = InternedBytes()
    /// By the places of the ids; not a number where the index has none.
    private var scores: [Double] = []

    /// The score of an id by its place; `nil` where the index has none.
    subscript(place: UInt32) -> Double? { scores[Int(place)].isNaN ? nil : scores[Int(place)] }

    /// The entry of an id by its place; `nil` where the index has none.
    ///
    /// Redis may compare its score in another form: whatever is done about it, it is read again before that.
    func entry(at place: UInt32) -> DueEntry? {
        self[place].map { DueEntry(id: ids[Int(place)], rawScore: [], score: $0) }
    }

    /// Takes entries of the index in; of an id that is there already the later score counts.
    fileprivate mutating func take(_ more: JoinedBytes, scores moreScores: [Double]) {
        var rest = moreScores.makeIterator()
        more.forEach { id in
            guard let score = rest.next() else { return }
            scores[insert(id)] = score
        }
    }

    /// Takes ids in that have a key.
    fileprivate mutating func take(_ more: JoinedBytes) {
        more.forEach { _ = insert($0) }
    }

    private mutating func insert(_ id: UnsafeRawBufferPointer) -> Int {
        let (place, isNew) = ids.insert(id)
        if isNew { scores.append(.nan) }
        return place
    }
}

/// What two scans at the same time find.
private actor FoundIDs {
    private(set) var index = IndexScores()

    func take(_ ids: JoinedBytes, scores: [Double]) { index.take(ids, scores: scores) }

    func take(_ ids: JoinedBytes) { index.take(ids) }
}
