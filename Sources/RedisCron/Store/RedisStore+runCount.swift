import RQWire
import RedisBridge

/// How many runs are kept in all: that there are no more than wanted, none of definitions that are gone, and that the number is
/// right.
extension RedisStore {
    /// How many definitions are looked at in one step.
    private static let pageSize = 100
    /// How many of the oldest runs of a definition are read in one step.
    private static let tailLength = 20
    /// How many steps one call of ``trimRuns(to:)`` makes.
    private static let mostSteps = 10

    /// How many runs are kept in all, as far as that was counted.
    func keptRuns() async throws -> Int {
        try await client.pipeline([RedisCommand("GET", keys.runTotal)]) { _, reply throws(RedisError) in
            try reply.isOfAnotherType() ? 0 : reply.string.flatMap { Int($0) } ?? 0
        }.first ?? 0
    }

    func trimRuns(to total: Int) async throws -> Int {
        var kept = try await keptRuns()
        // What holds no list of runs stands in the way of what does.
        var offset = 0
        for _ in 0..<Self.mostSteps where kept > total {
            let page = try await oldest(offset: offset)
            guard !page.isEmpty else { break }
            let tails = try await tails(of: page)
            let counts = RunTail.oldest(kept - total, of: tails)
            let left: Int
            (kept, left) = try await trim(page, tails, counts)
            if counts.allSatisfy({ $0 == 0 }) { offset += left }
        }
        return kept
    }

    /// The definitions of which no run was over for longest.
    private func oldest(offset: Int) async throws -> [DefinitionID] {
        let command = RedisCommand("ZRANGE", keys.runIndex, offset, offset + Self.pageSize - 1)
        return try await connection.definitions.elements(command).map { DefinitionID(bytes: $0) }
    }

    /// The ends of the lists of runs, in the order of the ids.
    private func tails(of page: [DefinitionID]) async throws -> [RunTail] {
        let prefix = Array(keys.runsPrefix.utf8)
        return try await client.pipeline(
            page.map { RedisCommand("LRANGE", prefix + $0.bytes, -Self.tailLength, -1) }
        ) { _, reply throws(RedisError) in
            RunTail(try reply.isOfAnotherType() ? nil : reply.copiedElements)
        }
    }

    /// Removes so many runs from the end of each list, where it still is the one that was read.
    ///
    /// - Returns: How many are kept in all, and how many of the definitions have something that is kept.
    private func trim(
        _ page: [DefinitionID], _ tails: [RunTail], _ counts: [Int]
    ) async throws -> (kept: Int, left: Int) {
        var call = CronScript.trimRuns.call(keyCount: 2 + page.count * 2, reserving: 512 + page.count * 400)
        call.append(keys.runIndex)
        call.append(keys.runTotal)
        for id in page {
            call.append(Array(keys.runsPrefix.utf8), id.bytes)
            call.append(Array(keys.refusalsPrefix.utf8), id.bytes)
        }
        for ((id, tail), count) in zip(zip(page, tails), counts) {
            call.append(id.bytes)
            call.append(count)
            call.append(tail.last ?? [])
        }
        return try await connection.run(CronScript.trimRuns, call) { reply throws(RedisError) in
            guard reply.count == 2 else { throw .unexpectedReply("\(reply.count) elements", expected: "two numbers") }
            return (reply.withElement(0) { $0.integer ?? 0 }, reply.withElement(1) { $0.integer ?? 0 })
        }
    }

    // MARK: Sweeping

    func sweepRuns(from cursor: Int) async throws -> Int {
        if cursor == 0 { runCount = RunCount(total: try await keptRuns()) }
        let command = RedisCommand("ZSCAN", keys.runIndex, cursor, "COUNT", 500)
        let (next, ids): (Int, [DefinitionID])
        do {
            (next, ids) = try await client.send(command) { reply throws(RedisError) in
                guard reply.count == 2 else {
                    throw RedisError.unexpectedReply("\(reply.count) elements", expected: "a cursor and elements")
                }
                return (
                    reply.withElement(0) { $0.string.flatMap { Int($0) } ?? 0 },
                    reply.withElement(1) { DueEntry.read($0).map(\.id) }
                )
            }
        } catch {
            guard error.redisError?.prefix == .wrongType else { throw error }
            return 0
        }
        let (hashes, runs) = (Array(keys.cronJobPrefix.utf8), Array(keys.runsPrefix.utf8))
        let numbers = try await client.pipeline(
            ids.map { RedisCommand("EXISTS", hashes + $0.bytes) } + ids.map { RedisCommand("LLEN", runs + $0.bytes) }
        ) { _, reply throws(RedisError) in
            try reply.isOfAnotherType() ? 0 : reply.integer ?? 0
        }
        try await forgetRuns(of: zip(ids, numbers).filter { $1 == 0 }.map { $0.0 })
        for (exists, length) in zip(numbers, numbers.dropFirst(ids.count)) where exists == 1 { runCount?.add(length) }
        if next == 0 { try await correctTotal() }
        return next
    }

    /// Corrects the number of runs that are kept, if what was counted cannot be.
    private func correctTotal() async throws {
        guard let count = runCount else { return }
        runCount = nil
        guard let correction = count.correction(of: try await keptRuns()) else { return }
        var call = CronScript.countRuns.call(keyCount: 1)
        call.append(keys.runTotal)
        call.append(correction)
        call.append(count.counted)
        _ = try await connection.run(CronScript.countRuns, call) { reply in reply.integer }
    }
}

/// The number of the runs that are kept, counted while others are added and removed.
struct RunCount: Sendable {
    /// What Redis said when it began.
    private let first: Int
    /// How many were counted.
    private(set) var counted = 0

    init(total: Int) {
        first = total
    }

    mutating func add(_ count: Int) { counted += count }

    /// By how much the number is wrong; `nil` where it may be right.
    ///
    /// What is counted lies between the numbers at the beginning and the end, give or take what was added in one place and
    /// removed in another meanwhile. It is wrong where keys were deleted by hand, or evicted.
    func correction(of last: Int) -> Int? {
        let (low, high) = (min(first, last), max(first, last))
        guard counted < low || counted > high else { return nil }
        let difference = counted < low ? counted - low : counted - high
        return abs(difference) > max(100, last / 100) || last <= 0 ? difference : nil
    }
}

/// The end of a list of runs: the oldest of a definition.
struct RunTail: Sendable {
    /// When each was over, the oldest first.
    private let times: [Timestamp]
    /// The very last element.
    let last: [UInt8]?

    /// - Parameter elements: As they stand in the list, the newest first; `nil` for a key of another type.
    init(_ elements: [[UInt8]]?) {
        last = elements?.last
        var newest = Timestamp(microseconds: .min)
        times = (elements ?? []).reversed().map { element in
            if let run = EndedRun(element) { newest = max(newest, run.ending.ended ?? run.at) }
            return newest
        }
    }

    /// How many of each end to remove, so that of all of them the oldest are.
    static func oldest(_ count: Int, of tails: [RunTail]) -> [Int] {
        var counts = Array(repeating: 0, count: tails.count)
        let all = tails.indices.flatMap { index in tails[index].times.map { (index, $0) } }
        for (index, _) in all.sorted(by: { $0.1 < $1.1 }).prefix(count) { counts[index] += 1 }
        return counts
    }
}
