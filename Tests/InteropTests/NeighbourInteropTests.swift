import RQWire
import RedisCron
import TestSupport
import Testing

/// RQ's own `rq cron` beside us: it keeps names in the very index in which our definitions stand.
@Suite(.timeLimit(.minutes(3)))
struct NeighbourInteropTests {
    @Test func `rq cron and our scheduler work side by side and leave each other alone`() async throws {
        try await withRedis { server in
            let peer = try Peer(on: server)
            try await withScheduler(on: server) { scheduler in
                for (id, interval) in [("each second", 1), ("idle", 86_400)] {
                    try await scheduler.register(
                        functionName: "app.tasks.rebuild", queueName: id, id: id, interval: .seconds(interval))
                }
                let reading = Observed<[SchedulerEvent]>([])
                let reader = Task { for await event in scheduler.events { reading.update { $0.append(event) } } }
                defer { reader.cancel() }
                let neighbour = try peer.startNeighbour()
                defer { neighbour.kill() }
                try await whileRunning(scheduler) {
                    for queue in ["neighbour", "each second"] {
                        try await eventually("runs in \(queue)", within: .seconds(30)) {
                            try server.command("LLEN", "rq:queue:\(queue)").integer ?? 0 >= 4
                        }
                    }
                    #expect(try await scheduler.connection.allJobs().map(\.id) == ["each second", "idle"])
                    #expect(Set(try await scheduler.connection.jobs().map(\.id)) == ["each second", "idle"])
                    #expect(try await scheduler.connection.inventory().unreadable == [])
                    let answers = try await peer.ask([
                        ["do": "schedulers"], ["do": "cron_names"],
                        ["do": "cron_history", "name": "app.tasks.rebuild"],

                    ])
                    let schedulers = answers[0].elements ?? []
                    #expect(schedulers.count == 2)
                    #expect(schedulers.contains { $0["name"]?.text == scheduler.name })
                    let other = schedulers.first { $0["name"]?.text != scheduler.name }
                    #expect(other?["jobs"]?.texts == ["app.tasks.rebuild", "app.tasks.nap"])
                    // RQ reads our ids as names of its own; its clean-up leaves them in the index.
                    #expect(Set(answers[1].texts ?? []) == ["app.tasks.rebuild", "each second", "idle"])
                    #expect(answers[2].texts?.count ?? 0 >= 4)
                }
                #expect(try await peer.stop(neighbour) == .exited(0))
                let said = reading.current.filter {
                    switch $0 {
                    case .skipped, .badDefinition, .lockLost, .disconnected: true
                    default: false
                    }
                }
                #expect(said == [], "nothing is said of a neighbour's name")
            }
            // All that RQ keeps is there: a run in the history for each that it queued, and its name in the index.
            let history = try server.command("ZCARD", "rq:cron_job:app.tasks.rebuild:jobs").integer
            #expect(try server.command("LLEN", "rq:queue:neighbour").integer == history)
            #expect(try server.command("ZSCORE", "rq:cron_jobs", "app.tasks.rebuild").double != nil)
        }
    }

    @Test func `a definition that is called as one of RQ's names runs by its own schedule`() async throws {
        try await withRedis { server in
            let peer = try Peer(on: server)
            try await withScheduler(on: server) { scheduler in
                try await scheduler.register(
                    functionName: "app.tasks.nap", queueName: "ours", id: "app.tasks.rebuild", interval: .seconds(3600))
                let neighbour = try peer.startNeighbour()
                defer { neighbour.kill() }
                try await whileRunning(scheduler) {
                    try await eventually("runs of the neighbour", within: .seconds(30)) {
                        try server.command("LLEN", "rq:queue:neighbour").integer ?? 0 >= 4
                    }
                }
                // RQ wrote the time of its last run over our score, again and again; the definition says when.
                let job = try await RedisCronJob.fetch(id: "app.tasks.rebuild", on: scheduler.connection)
                #expect(job.functionName == "app.tasks.nap")
                let wait = job.nextEnqueueTime.map { $0 - Timestamp(unixSeconds: job.createdAt?.unixSeconds ?? 0) }
                #expect(wait.map { $0 >= .seconds(3600) && $0 < .seconds(3602) } == true)
            }
            #expect(try server.command("LLEN", "rq:queue:ours").integer == 1)
        }
    }

    @Test func `RQ's clean-up of its registry takes none of our entries out of the index`() async throws {
        try await withRedis { server in
            let peer = try Peer(on: server)
            try await withScheduler(on: server) { scheduler in
                try await scheduler.register(
                    functionName: "app.tasks.nap", queueName: "q", id: "never ran", interval: .seconds(60))
                try await scheduler.register(
                    functionName: "app.tasks.nap", queueName: "q", id: "by cron", cron: "0 0 29 2 *")
                var switched = try await scheduler.register(
                    functionName: "app.tasks.nap", queueName: "q", id: "switched", interval: .seconds(60),
                    enabled: false)
                try await switched.enable()
                // Python's own have the score 0, which RQ takes for a name that has not run for 56 years.
                try await peer.ask([
                    "do": "register", "id": "python", "func": "app.tasks.nap", "queue": "q", "interval": 60,
                ])
                let names = try await peer.ask(["do": "cron_names"])
                #expect(Set(names.texts ?? []) == ["never ran", "by cron", "switched"])
                // What Python lost that way comes back when it is saved here.
                var lost = try await RedisCronJob.fetch(id: "python", on: scheduler.connection)
                try await lost.save()
                #expect(try await scheduler.connection.jobs().count == 4)
                let again = try await peer.ask(["do": "cron_names"])
                #expect(again.texts?.count == 4)
            }
        }
    }

    @Test func `Python sees nothing of the zone that our scheduler publishes`() async throws {
        try await withRedis { server in
            let peer = try Peer(on: server)
            try await withScheduler(on: server) { scheduler in
                try await scheduler.register(
                    functionName: "app.tasks.rebuild", queueName: "q", id: "daily", cron: "0 7 * * *")
                let questions: [JSONObject] = [
                    ["do": "all_jobs"], ["do": "fetch", "id": "daily"], ["do": "cron_names"],
                ]
                let before = try await peer.ask(questions)
                try await whileRunning(scheduler) {
                    let published = try server.command("GET", "rq:cron_jobs:timezone").string
                    let during = try await peer.ask(questions)
                    #expect(published == "UTC")
                    #expect(during == before)
                }
                let after = try await peer.ask(questions)
                #expect(after == before)
            }
        }
    }
}
