import Foundation
import TestSupport
import Testing

/// One redis-server, which stalls, dies and comes back.
///
/// The first scheduler is connected directly, by the Unix socket; each other one through a proxy.
struct SingleServer: Topology {
    /// The server that these faults can be dealt to.
    ///
    /// The name of its snapshot belongs to a directory, onto which no file can be renamed, not even by root. It ignores
    /// the signal that goes with a limit on its files, so that it sees an error as from a full disk.
    static let configuration = RedisServer.Configuration(
        appendOnly: true,
        lines: ["enable-debug-command local", "auto-aof-rewrite-percentage 0", "dbfilename appendonlydir"],
        wrapper: ["/bin/sh", "-c", #"trap '' XFSZ; exec "$0" "$@""#])

    let master: RedisServer
    private let proxies: [Int: LinkProxy]
    private let serverLine: RedisLine

    init(_ server: RedisServer, schedulers: Int) throws {
        master = server
        serverLine = RedisLine(server)
        var proxies: [Int: LinkProxy] = [:]
        for index in 1..<schedulers { proxies[index] = try LinkProxy(to: server.port) }
        self.proxies = proxies
    }

    var keyPrefix: String { "rq" }
    var editorURL: String { master.url }
    var patience: Duration { .seconds(10) }
    var losesWrites: Bool { false }
    var links: [Int] { proxies.keys.sorted() }

    var faults: [FaultKind] {
        [.redisSleeps, .redisPaused, .redisKilled, .redisShutDown, .memoryFull, .snapshotFails]
            + (FileSizeLimit.isAvailable ? [.redisDiskFull] : [])
    }

    var notDealt: [String] {
        FileSizeLimit.isAvailable ? [] : ["\(FaultKind.redisDiskFull.rawValue): there is no prlimit on this machine"]
    }

    func url(ofScheduler index: Int) -> String {
        proxies[index].map { "redis://127.0.0.1:\($0.port)/0" } ?? master.socketURL
    }

    func setLink(ofScheduler index: Int, to condition: LinkCondition) {
        proxies[index]?.become(condition)
    }

    func watch(until isOver: Observed<Bool>) async throws {}

    func history() throws -> WitnessedHistory {
        WitnessedHistory(official: try AppendOnlyFile.steps(inServerDirectory: master.directory.path))
    }

    func leaveEvidence(in folder: String) throws {
        try FileManager.default.copyItem(
            atPath: "\(master.directory.path)/appendonlydir", toPath: "\(folder)/appendonlydir")
        try master.log.write(toFile: "\(folder)/redis.log", atomically: true, encoding: .utf8)
    }

    func close() {
        for proxy in proxies.values { proxy.close() }
    }

    // MARK: Faults

    func deal(_ kind: FaultKind, leader: Int?, using generator: inout SeededGenerator) async throws -> Fault? {
        let length = generator.milliseconds(300...3_000)
        let absence = generator.milliseconds(0...1_500)
        let room = Int.random(in: 1_000...40_000, using: &generator)
        let began = WireTime.now
        switch kind {
        case .redisSleeps:
            let seconds = Double(length / .milliseconds(1)) / 1_000
            guard (try? await serverLine.command("DEBUG", "SLEEP", seconds)) != nil else { return nil }
        case .redisPaused:
            master.pause()
            try? await last(length)
            master.resume()
        case .redisShutDown:
            // There is no answer to it, only the end.
            _ = try? await serverLine.command("SHUTDOWN", "NOSAVE")
            try await bringBack(after: absence)
        case .redisDiskFull:
            guard let pid = master.pid, try await FileSizeLimit.leave(room, toAppendOnlyFileOf: pid, in: master) else {
                return nil
            }
            // It ends at the write that finds no room; where nobody writes, the restart ends it.
            try? await eventually("redis-server to find its disk full", within: .seconds(20)) {
                master.outcome != nil
            }
            try await bringBack(after: absence)
        case .memoryFull:
            try await configure("maxmemory", "1mb")
            try? await last(length)
            try await configure("maxmemory", "0")
        case .snapshotFails:
            try await failSnapshots(for: length)
        default:
            await master.kill()
            try await bringBack(after: absence)
        }
        return Fault(kind, began: began, ended: .now)
    }

    private func bringBack(after absence: Duration) async throws {
        try? await last(absence)
        await master.kill()
        // A crash may leave half a transaction. Redis 7.0 drops its incomplete command and keeps those before it, and
        // runs them at the start after next; so its end is mended as `redis-check-aof --fix` does.
        try AppendOnlyFile.cutIncompleteEnd(inServerDirectory: master.directory.path)
        try await master.restart()
    }

    /// Changes a setting, for as long as it takes: what is broken must be made whole.
    private func configure(_ name: String, _ value: String) async throws {
        try await eventually("redis-server to take \(name) \(value)", within: .seconds(30)) {
            (try? await serverLine.command("CONFIG", "SET", name, value)) != nil
        }
    }

    /// Lets snapshots fail, so that Redis refuses writes with MISCONF as it does when it cannot write its disk.
    private func failSnapshots(for length: Duration) async throws {
        try await configure("save", "1 1")
        try? await eventually("the snapshot to fail", within: .seconds(15)) {
            let info = try? await serverLine.command("INFO", "persistence").string
            return info?.contains("rdb_last_bgsave_status:err") == true
        }
        try? await last(length)
        // Without a snapshot schedule a failed one is no reason to refuse writes.
        try await configure("save", "")
    }
}
