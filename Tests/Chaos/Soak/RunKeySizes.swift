import TestSupport

/// How much Redis keeps of runs.
package struct RunKeySizes: Sendable, Hashable {
    /// Keys whose names begin as all of them do.
    package var keys = 0
    /// Entries of the log that nobody has taken off.
    package var log = 0
    /// Portions of runs that nobody has looked at.
    package var recent = 0
    /// Runs that are open.
    package var open = 0
    /// Runs that are over and are watched.
    package var watched = 0
    /// Definitions of which runs are kept.
    package var definitions = 0
    /// Runs that are kept, as they are counted.
    package var total = 0

    package init() {}

    /// Asks Redis.
    init(on line: RedisLine) async throws {
        var cursor = "0"
        repeat {
            let page = try await line.command(["SCAN", cursor, "MATCH", "rq:cron_runs*", "COUNT", "10000"]).array
            guard page.count == 2, let next = page[0].string else { throw SupportError("SCAN answers no page") }
            keys += page[1].array.count
            cursor = next
        } while cursor != "0"
        log = try await line.command(["LLEN", RedisKeys.runLog]).integer ?? 0
        recent = try await line.command(["LLEN", RedisKeys.recentRuns]).integer ?? 0
        open = try await line.command(["ZCARD", RedisKeys.openRuns]).integer ?? 0
        watched = try await line.command(["ZCARD", RedisKeys.watchedRuns]).integer ?? 0
        definitions = try await line.command(["ZCARD", RedisKeys.runIndex]).integer ?? 0
        total = try await line.command(["GET", RedisKeys.runTotal]).string.flatMap { Int($0) } ?? 0
    }

    /// What is compared, each with its name.
    var parts: [(name: String, size: Int)] {
        [
            ("the number of keys of runs", keys), ("the log of runs", log), ("the number of portions", recent),
            ("the number of open runs", open),
            ("the number of watched runs", watched), ("the number of definitions with runs", definitions),
            ("the number of runs that are kept", total),
        ]
    }
}
