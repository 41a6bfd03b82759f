import RQWire
import RedisCron
import TestSupport
import Testing

/// RQ 3's `RQ_KEY_PREFIX`, which rq-rediscron and RQ 2 do not know.
@Suite(.timeLimit(.minutes(3)))
struct KeyPrefixInteropTests {
    @Test(arguments: ["{app}", "tenant-1:rq.v3_x"])
    func `workers and the registry of RQ 3 find everything under another prefix`(_ prefix: String) async throws {
        try await withRedis { server in
            let peer = try Peer(on: server, keyPrefix: prefix)
            try await withScheduler(on: server, keyPrefix: prefix) { scheduler in
                try await scheduler.register(
                    functionName: "app.tasks.rebuild", queueName: "q", id: "library", args: ["by the library"],
                    interval: .seconds(3600), meta: ["n": 1])
                try await whileRunning(scheduler) {
                    try await Self.waitForRuns(1, prefix, on: server)
                    let schedulers = try await peer.ask(["do": "schedulers"])
                    #expect(schedulers.elements?.compactMap { $0["name"]?.text } == [scheduler.name])
                }
                try await scheduler.register(
                    functionName: "app.tasks.rebuild", queueName: "q", id: "tool", args: ["by the tool"],
                    interval: .seconds(3600)
                )
                let job = try await RedisCronJob.fetch(id: "tool", on: scheduler.connection)
                #expect(job.key == "\(prefix):cron_job:tool")
            }
            let tool = try Rqrcron.start(["run"], on: server, environment: ["RQ_KEY_PREFIX": prefix])
            defer { tool.kill() }
            try await Self.waitForRuns(2, prefix, on: server)
            #expect(try await tool.terminate(within: .seconds(30)) == .exited(0))
            try await peer.work("q")
            #expect(Set(try peer.calls().values.map(\.args)) == ["('by the library',)", "('by the tool',)"])

            let keys = try server.command("KEYS", "*").strings
            #expect(keys.filter { !$0.hasPrefix("\(prefix):") } == ["calls"])
        }
    }

    private static func waitForRuns(_ count: Int, _ prefix: String, on server: RedisServer) async throws {
        try await eventually("\(count) runs", within: .seconds(30)) {
            try server.command("LLEN", "\(prefix):queue:q").integer == count
        }
    }
}
