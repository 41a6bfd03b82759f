import RQWire
import TestSupport
import Testing

/// The judge of the handover tests is judged first.
@Suite(.timeLimit(.minutes(1)))
struct RunLedgerTests {
    @Test func `it tells a run that was lost and one that was doubled from those that were not`() async throws {
        try await withRedis(WriteLog.kept) { server in
            func schedule(_ id: String, _ time: String, latest: String = "") throws {
                try server.command(
                    "HSET", "rq:cron_job:\(id)", "created_at", "2026-06-03T05:00:00.000000Z", "next_enqueue_time", time,
                    "latest_enqueue_time", latest)
            }
            func push(_ id: String, _ job: String) throws { try server.command("RPUSH", "rq:queue:\(id)", job) }
            let times = (1...4).map { "2026-06-03T05:00:0\($0).000000Z" }
            for id in ["good", "lost", "doubled", "unmoved"] { try schedule(id, "") }
            for (index, time) in times.enumerated() {
                try push("good", "g\(index)")
                try schedule("good", time, latest: time)
                if index != 2 { try push("lost", "l\(index)") }
                try schedule("lost", time, latest: time)
                try push("doubled", "d\(index)")
                if index == 1 { try push("doubled", "again") }
                try schedule("doubled", time, latest: time)
            }
            try push("unmoved", "u")
            // An edit that leaves the schedule alone is no run.
            try server.command("HSET", "rq:cron_job:good", "args", "[1]", "next_enqueue_time", times[3])
            // Ours moves the schedule and pushes in one step, in this order.
            let connection = try server.connect()
            try connection.command("MULTI")
            try connection.command("HSET", "rq:cron_job:good", "next_enqueue_time", "2026-06-03T05:00:09.000000Z")
            try connection.command("RPUSH", "rq:queue:good", "g9")
            try connection.command("EXEC")

            let ledgers = try RunLedger.read(WriteLog(of: server))
            #expect(ledgers.mapValues(\.runs.count) == ["good": 5, "lost": 4, "doubled": 4, "unmoved": 1])
            #expect(ledgers.values.filter { !$0.lost.isEmpty }.map(\.id) == ["lost"])
            #expect(ledgers.values.filter { !$0.doubled.isEmpty }.map(\.id) == ["doubled"])
            #expect(ledgers["lost"]?.lost.map(\.planned.description) == [times[1]])
            #expect(ledgers["doubled"]?.doubled.map(\.jobs) == [["d1", "again"]])
            #expect(ledgers["good"]?.runs.map(\.jobs) == [["g0"], ["g1"], ["g2"], ["g3"], ["g9"]])
        }
    }
}
