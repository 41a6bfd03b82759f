import RQWire
import RedisBridge

/// Names the settings of a server that endanger the schedule.
///
/// Pure.
struct ServerCheck: Sendable {
    /// The scripts use `ZMSCORE`, which came with Redis 6.2.
    static let oldestVersion = [6, 2]
    /// A clock that differs by more than this makes runs late or early as others see it.
    static let tolerableSkew: Duration = .seconds(2)

    /// From this much of its memory limit on, a server is about to refuse writes.
    static let tolerableMemoryPercent = 90

    let facts: ServerFacts
    /// The key of the lock.
    let lock: String

    /// What deserves attention.
    var findings: [Finding] {
        ([access, version, role, writes, memory, eviction, persistence, clock, lockExpiry] as [Finding?]).compactMap(
            \.self)
    }

    private var access: Finding? {
        guard facts.info == nil else { return nil }
        return Finding(
            .notice, .access, about: "INFO", "the server does not let us ask for its settings, so they were not checked"
        )
    }

    private var version: Finding? {
        guard let text = facts.info?["redis_version"] else { return nil }
        let parts = text.split(separator: ".").prefix(2).compactMap { Int($0) }
        guard parts.count == 2, parts.lexicographicallyPrecedes(Self.oldestVersion) else { return nil }
        return Finding(.error, .serverVersion, "the server is Redis \(text); 6.2 or later is needed, or Valkey")
    }

    private var role: Finding? {
        guard facts.info?["role"] == "slave" else { return nil }
        return Finding(.error, .role, "the server is a replica, which takes no changes: connect to its master")
    }

    private var writes: Finding? {
        guard role == nil, let error = facts.writeRefusal else { return nil }
        let predicate = Refusal(error)?.predicate ?? "refuses writes: \(error.reason)"
        return Finding(.error, .writes, "nothing is queued: the server \(predicate)")
    }

    private var memory: Finding? {
        guard let info = facts.info, let limit = info["maxmemory"].flatMap(Int.init), limit > 0,
            let used = info["used_memory"].flatMap(Int.init), info["maxmemory_policy"]?.hasPrefix("allkeys") != true
        else { return nil }
        // What replicas and the append-only file are still to be sent does not count.
        let counted = used - (info["mem_not_counted_for_evict"].flatMap(Int.init) ?? 0)
        let percent = Int((Double(counted) / Double(limit) * 100).rounded(.down))
        guard percent >= Self.tolerableMemoryPercent, facts.writeRefusal?.prefix != .outOfMemory else { return nil }
        return Finding(
            .warning, .memory,
            """
            the server uses \(percent) % of its maxmemory; at the limit it refuses writes, and nothing is queued: give it \
            more memory, or remove data
            """)
    }

    private var eviction: Finding? {
        guard let policy = facts.info?["maxmemory_policy"], policy != "noeviction",
            facts.info?["maxmemory"].flatMap({ Int($0) }) ?? 0 > 0
        else { return nil }
        let victim =
            policy.hasPrefix("allkeys")
            ? "definitions, queues and jobs" : "keys with an expiry, the lock and waiting jobs with a ttl among them,"
        return Finding(
            .warning, .evictionPolicy,
            "with maxmemory-policy \(policy) the server may drop \(victim) when memory is short; set it to noeviction")
    }

    private var persistence: Finding? {
        guard let info = facts.info, info["aof_enabled"] == "0", facts.savePoints == "" else {
            return failedWrites
        }
        return Finding(
            .warning, .persistence,
            "the server keeps nothing on disk: a restart loses every definition; set appendonly to yes")
    }

    private var failedWrites: Finding? {
        // Said already, with what follows from it.
        guard facts.writeRefusal?.prefix != .misconfigured else { return nil }
        let info = facts.info ?? [:]
        for name in ["aof_last_write_status", "rdb_last_bgsave_status"] where info[name] == "err" {
            return Finding(
                .error, .persistence, "the server's last write to disk failed (\(name)); see its log and its disk")
        }
        return nil
    }

    private var clock: Finding? {
        guard let skew = facts.clockSkew, abs(skew) > Self.tolerableSkew + facts.roundTrip else { return nil }
        let seconds = Int((abs(skew) / .seconds(1)).rounded())
        let direction = skew > .zero ? "ahead of" : "behind"
        return Finding(
            .warning, .clock,
            """
            the server's clock is \(seconds) s \(direction) ours: runs follow our clock, and other machines may see them \
            early or late; run NTP on both
            """)
    }

    private var lockExpiry: Finding? {
        guard facts.lockTimeLeft == -1, let token = facts.lockToken else { return nil }
        return Finding(
            .error, .lock, about: lock,
            """
            the lock has no expiry, so it outlives a holder that dies; a holder that lives extends it by its heartbeat
            """,
            remedy: .expireLock(token: token))
    }

    private func abs(_ duration: Duration) -> Duration { duration < .zero ? .zero - duration : duration }
}

/// What a server says of itself, as far as the scheduler cares.
///
/// A fact that the server withholds, as an ACL may make it, is `nil`.
struct ServerFacts: Sendable, Hashable {
    /// The fields of `INFO`.
    var info: [String: String]?
    /// The save points of `CONFIG GET save`; empty when it takes no snapshots.
    var savePoints: String?
    /// Whether a node of a cluster refuses all commands while any slot is unserved.
    var requiresFullCoverage: Bool?
    /// The server's clock minus ours, taken in the middle of the round trip.
    var clockSkew: Duration?
    /// How long the answer took: the skew is known no better than that.
    var roundTrip: Duration = .zero
    /// What the server answered to a write that changes nothing, where it was tried and refused.
    var writeRefusal: RedisError?
    /// The lock's value.
    var lockToken: [UInt8]?
    /// Milliseconds that the lock has left: -1 for no expiry, -2 for no lock.
    var lockTimeLeft: Int?

    /// Asks a server, in one round trip.
    ///
    /// - Throws: What the client throws; commands that the server denies are facts left out.
    init(from client: RedisClient, keys: RQKeys, clock: @Sendable () -> Timestamp) async throws {
        let sent = clock()
        let replies = try await client.pipeline([
            RedisCommand("INFO"), RedisCommand("CONFIG", "GET", "save"), RedisCommand("GET", keys.lock),
            RedisCommand("PTTL", keys.lock), RedisCommand("TIME"),
            RedisCommand("CONFIG", "GET", "cluster-require-full-coverage"),
        ])
        let received = clock()
        guard replies.count == 6 else { return }
        info = replies[0].string.map(Self.fields)
        savePoints = replies[1].array?.last?.string
        lockToken = replies[2].bytes
        lockTimeLeft = replies[3].integer
        requiresFullCoverage = replies[5].array?.last?.string.map { $0 == "yes" }
        roundTrip = max(.zero, received - sent)
        if let parts = replies[4].array?.compactMap({ $0.string.flatMap(Int64.init) }), parts.count == 2 {
            clockSkew = Timestamp(microseconds: parts[0] * 1_000_000 + parts[1]) - (sent + roundTrip / 2)
        }
    }

    init(info: [String: String]? = nil, savePoints: String? = nil) {
        self.info = info
        self.savePoints = savePoints
    }

    /// The lines `name:value` of `INFO`.
    static func fields(_ text: String) -> [String: String] {
        var fields: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[String(line[..<colon])] = String(line[line.index(after: colon)...])
        }
        return fields
    }
}
