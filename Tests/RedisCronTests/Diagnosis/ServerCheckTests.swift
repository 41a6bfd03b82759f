import RQWire
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

    @Test func `a server that withholds its settings is named`() {
        #expect(ServerCheck(facts: ServerFacts(), lock: "l").findings.map(\.check) == [.access])
    }
}
