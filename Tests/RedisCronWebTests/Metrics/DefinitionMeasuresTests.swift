import RQWire
import RedisCron
import TestSupport
import Testing

@testable import RedisCronWeb

/// What metrics tell of definitions and of the runs of each, with real workers.
@Suite(.timeLimit(.minutes(3)))
struct DefinitionMeasuresTests {
    private func value(_ measured: MeasuredScheduler, _ name: String, _ id: String) async -> Double? {
        await measured.values(of: "rediscron_job_\(name)")["{id=\"\(id)\"}"]
    }

    @Test func `each definition has its last success, its last failure and whether it runs`() async throws {
        try await withRedis { server in
            let measured = try MeasuredScheduler(server, web: { $0.hasMetricsPerJob = true })
            let connection = measured.connection
            for (id, function, args) in [
                ("good", "app.tasks.rebuild", []), ("bad", "app.tasks.fail", []), ("paused", "app.tasks.rebuild", []),
                ("nap", "app.tasks.nap", [600]),
            ] as [(String, String, [JSONValue])] {
                var job = try await connection.register(
                    id: id, call: CallSpec(function, queue: id == "nap" ? "slow" : "q", args: args),
                    schedule: .every(.seconds(86_400)))
                if id == "paused" { try await job.pause() }
            }
            try server.command("HSET", "rq:cron_job:broken", "id", "broken", "cron", "no expression", "enabled", "1")
            let begin = Timestamp.now.score
            try await measured.whileRunning {
                try await eventually("all are queued") {
                    try server.command("LLEN", "rq:queue:q").integer == 2
                        && server.command("LLEN", "rq:queue:slow").integer == 1
                }
                let python = try PythonEnvironment()
                try await python.run(["-m", "rq.cli", "worker", "--url", server.url, "--burst", "q"])
                let sleeper = try python.start(["-m", "rq.cli", "worker", "--url", server.url, "slow"])
                defer { sleeper.kill() }

                try await eventually("the success is known", within: .seconds(60)) {
                    await value(measured, "last_success_timestamp_seconds", "good") != nil
                }
                try await eventually("the failure is known", within: .seconds(60)) {
                    await value(measured, "last_failure_timestamp_seconds", "bad") != nil
                }
                try await eventually("one runs", within: .seconds(60)) {
                    await value(measured, "running", "nap") == 1
                }
                let now = Timestamp.now.score
                for (name, id) in [("last_success", "good"), ("last_failure", "bad"), ("last_enqueue", "nap")] {
                    let time = try #require(await value(measured, "\(name)_timestamp_seconds", id))
                    #expect(time > begin - 5 && time < now + 5, "\(name)")
                }
                #expect(await value(measured, "last_success_timestamp_seconds", "bad") == nil)
                #expect(await value(measured, "last_failure_timestamp_seconds", "good") == nil)
                #expect(await value(measured, "running", "good") == 0)
                let duration = try #require(await value(measured, "last_duration_seconds", "good"))
                #expect(duration >= 0 && duration < 60)
                let next = try #require(await value(measured, "next_enqueue_timestamp_seconds", "good"))
                #expect(next > now + 3600)
                #expect(await value(measured, "next_enqueue_timestamp_seconds", "paused") == nil)
                let infos = await measured.values(of: "rediscron_job_info")
                #expect(infos[#"{id="good",queue="q",func="app.tasks.rebuild"}"#] == 1)
                #expect(infos.count == 5)

                let states = await measured.values(of: "rediscron_definitions")
                #expect(states[#"{state="paused"}"#] == 1)
                #expect(states[#"{state="invalid"}"#] == 1)
                #expect(states[#"{state="failing"}"#] == 1)
                #expect(states.values.reduce(0, +) == 5)
                #expect(states.count == CatalogueState.allCases.count)
            }
        }
    }

    @Test func `before all definitions are known their number is not told`() async throws {
        try await withRedis { server in
            let measured = try MeasuredScheduler(server)
            #expect(await measured.values(of: "rediscron_definitions").isEmpty)
            try await measured.whileRunning {
                try await eventually("they are known") {
                    let states = await measured.values(of: "rediscron_definitions")
                    return states.count == CatalogueState.allCases.count && states.values.allSatisfy { $0 == 0 }
                }
            }
        }
    }
}
