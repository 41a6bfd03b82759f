import Foundation
import TestSupport
import Testing

extension FaultDealer {
    /// The server that these faults can be dealt to.
    ///
    /// The name of its snapshot belongs to a directory, onto which no file can be renamed, not even by root. It ignores
    /// the signal that goes with a limit on its files, so that it sees an error as from a full disk.
    static let serverConfiguration = RedisServer.Configuration(
        appendOnly: true,
        lines: ["enable-debug-command local", "auto-aof-rewrite-percentage 0", "dbfilename appendonlydir"],
        wrapper: ["/bin/sh", "-c", #"trap '' XFSZ; exec "$0" "$@""#])

    /// Stalls, kills or starves Redis, and brings it back.
    func dealToRedis(_ kind: FaultKind, using generator: inout SeededGenerator) async throws -> Fault? {
        let length = generator.milliseconds(300...3_000)
        let absence = generator.milliseconds(0...1_500)
        let room = Int.random(in: 1_000...40_000, using: &generator)
        let began = WireTime.now
        switch kind {
        case .redisSleeps:
            let seconds = Double(length / .milliseconds(1)) / 1_000
            guard (try? await command(.redis, "DEBUG", "SLEEP", seconds)) != nil else { return nil }
        case .redisPaused:
            server.pause()
            try? await last(length)
            server.resume()
        case .redisShutDown:
            // There is no answer to it, only the end.
            _ = try? await command(.redis, "SHUTDOWN", "NOSAVE")
            try await bringBack(after: absence)
        case .redisDiskFull:
            guard let pid = server.pid, try await FileSizeLimit.leave(room, toAppendOnlyFileOf: pid, in: server) else {
                return nil
            }
            // It ends at the write that finds no room; where nobody writes, the restart ends it.
            try? await eventually("redis-server to find its disk full", within: .seconds(20)) {
                server.outcome != nil
            }
            try await bringBack(after: absence)
        case .memoryFull:
            try await configure("maxmemory", "1mb")
            try? await last(length)
            try await configure("maxmemory", "0")
        case .snapshotFails:
            try await failSnapshots(for: length)
        default:
            await server.kill()
            try await bringBack(after: absence)
        }
        return Fault(kind, began: began, ended: .now)
    }

    private func bringBack(after absence: Duration) async throws {
        try? await last(absence)
        await server.kill()
        // A crash may leave half a transaction. Redis 7.0 drops its incomplete command and keeps those before it, and
        // runs them at the start after next; so its end is mended as `redis-check-aof --fix` does.
        try AppendOnlyFile.cutIncompleteEnd(inServerDirectory: server.directory.path)
        try await server.restart()
    }

    /// Changes a setting, for as long as it takes: what is broken must be made whole.
    private func configure(_ name: String, _ value: String) async throws {
        try await eventually("redis-server to take \(name) \(value)", within: .seconds(30)) {
            (try? await command(.redis, "CONFIG", "SET", name, value)) != nil
        }
    }

    /// Lets snapshots fail, so that Redis refuses writes with MISCONF as it does when it cannot write its disk.
    private func failSnapshots(for length: Duration) async throws {
        try await configure("save", "1 1")
        try? await eventually("the snapshot to fail", within: .seconds(15)) {
            let info = try? await command(.redis, "INFO", "persistence").string
            return info?.contains("rdb_last_bgsave_status:err") == true
        }
        try? await last(length)
        // Without a snapshot schedule a failed one is no reason to refuse writes.
        try await configure("save", "")
    }
}
