import RQWire
import RedisBridge
import RedisCronTesting
import Testing

@testable import RedisCron

struct ServerCheckTests {
    private func check(_ info: [String: String], save: String? = "3600 1") -> [Finding] {
        let usual = [
            "redis_version": "7.0.15", "role": "master", "maxmemory_policy": "noeviction", "maxmemory": "0",
            "aof_enabled": "1", "aof_last_write_status": "ok", "rdb_last_bgsave_status": "ok",
        ]
        let facts = ServerFacts(info: usual.merging(info) { $1 }, savePoints: save)
        return ServerCheck(facts: facts, lock: "rq:cron_jobs:lock").findings
    }

    @Test func `a server in good order gives no finding`() {
        #expect(check([:]).isEmpty)
    }

    @Test(arguments: [
        (
            ["maxmemory_policy": "allkeys-lru", "maxmemory": "1000"], Finding.Check.evictionPolicy,
            Finding.Severity.warning
        ),
        (["maxmemory_policy": "volatile-ttl", "maxmemory": "1000"], .evictionPolicy, .warning),
        (["redis_version": "6.0.16"], .serverVersion, .error),
        (["redis_version": "5.9.9"], .serverVersion, .error),
        (["role": "slave"], .role, .error),
        (["aof_last_write_status": "err"], .persistence, .error),
        (["rdb_last_bgsave_status": "err"], .persistence, .error),
    ])
    func `each dangerous setting is one finding`(
        info: [String: String], check: Finding.Check, severity: Finding.Severity
    ) {
        let findings = self.check(info)
        #expect(findings.map(\.check) == [check])
        #expect(findings.map(\.severity) == [severity])
        #expect(!findings.contains { $0.isRepairable })
    }

    @Test func `without a memory limit nothing is evicted, whatever the policy`() {
        #expect(check(["maxmemory_policy": "allkeys-lru"]).isEmpty)
    }

    @Test func `neither a log nor snapshots is a warning, and unknown save points are none`() {
        #expect(check(["aof_enabled": "0"], save: "").map(\.check) == [.persistence])
        #expect(check(["aof_enabled": "0"], save: nil).isEmpty)
        #expect(check(["aof_enabled": "0"], save: "60 1").isEmpty)
    }

    @Test(arguments: [(1.9, false), (-1.9, false), (3.0, true), (-3.0, true)])
    func `a clock counts as wrong beyond two seconds, either way`(skew: Double, isWrong: Bool) {
        var facts = ServerFacts(info: [:])
        facts.clockSkew = .seconds(skew)
        #expect(ServerCheck(facts: facts, lock: "l").findings.map(\.check) == (isWrong ? [.clock] : []))
        facts.roundTrip = .seconds(5)
        #expect(ServerCheck(facts: facts, lock: "l").findings.isEmpty)
    }

    @Test func `a lock without expiry can be mended, one with expiry is fine`() {
        var facts = ServerFacts(info: [:])
        facts.lockToken = [1]
        facts.lockTimeLeft = 5
        #expect(ServerCheck(facts: facts, lock: "l").findings.isEmpty)
        facts.lockTimeLeft = -1
        let findings = ServerCheck(facts: facts, lock: "l").findings
        #expect(findings.map(\.check) == [.lock])
        #expect(findings.first?.isRepairable == true)
    }

    @Test(arguments: [(899, 0, false), (900, 0, true), (950, 100, false), (1000, 100, true)])
    func `a server near its memory limit is a warning, and what replicas are to be sent does not count`(
        used: Int, uncounted: Int, isNear: Bool
    ) {
        let info = [
            "maxmemory": "1000", "used_memory": "\(used)", "mem_not_counted_for_evict": "\(uncounted)",
        ]
        #expect(check(info).map(\.check) == (isNear ? [.memory] : []))
        #expect(check(info.merging(["maxmemory_policy": "allkeys-lru"]) { $1 }).map(\.check) == [.evictionPolicy])
    }

    @Test(arguments: [
        ("OOM command not allowed", [Finding.Check.writes], "reached its maxmemory"),
        ("MISCONF Redis is configured to save RDB snapshots", [.writes], "could not save its last snapshot"),
        ("MISCONF Errors writing to the AOF file: No space left", [.writes], "No space left"),
        ("NOREPLICAS Not enough good replicas", [.writes], "min-replicas-to-write"),
        ("READONLY You can't write against a read only replica.", [.role], "is a replica"),
    ])
    func `a refused write is one error that says why`(answer: String, checks: [Finding.Check], part: String) {
        var info = ["maxmemory": "1000", "used_memory": "1000"]
        if answer.hasPrefix("MISCONF") { info = ["rdb_last_bgsave_status": "err"] }
        if answer.hasPrefix("NOREPLICAS") { info = [:] }
        if answer.hasPrefix("READONLY") { info = ["role": "slave"] }
        var facts = ServerFacts(info: info.merging(["aof_enabled": "1"]) { $1 }, savePoints: "3600 1")
        facts.writeRefusal = .server(answer)
        let findings = ServerCheck(facts: facts, lock: "l").findings
        #expect(findings.map(\.check) == checks)
        #expect(findings.allSatisfy { $0.severity == .error && $0.message.contains(part) }, "\(findings)")
    }

    @Test func `a server that withholds its settings is named`() {
        #expect(ServerCheck(facts: ServerFacts(), lock: "l").findings.map(\.check) == [.access])
    }
}
