import RQWire
import RedisCron
import TestSupport
import Testing

/// Definitions of either side, queued by our scheduler, run by a real `rq worker`.
@Suite(.timeLimit(.minutes(10)))
struct WorkerInteropTests {
    @Test(arguments: WorkerSetting.all)
    func `a worker gets the very arguments that were registered`(_ setting: WorkerSetting) async throws {
        try await withRedis { server in
            let examples = try CallExample.all()
            // rq-rediscron needs RQ 3; whoever runs the jobs need not have it.
            try await Peer(.rq3, on: server).ask(
                examples.enumerated().map { DefinitionRequest.register($1, id: "python:\($0)") })
            try await withScheduler(on: server, options: { $0.serializer = setting.serializer }) { scheduler in
                for (index, example) in examples.enumerated() {
                    try await DefinitionRequest.register(example, id: "swift:\(index)", with: scheduler)
                }
                try await setting.schedule(scheduler, on: server, until: "all definitions are queued") {
                    try server.command("LLEN", "rq:queue:q").integer == examples.count * 2
                }
            }
            let python = try examples.indices.map { try Self.job(of: "python:\($0)", on: server) }
            let swift = try examples.indices.map { try Self.job(of: "swift:\($0)", on: server) }

            // What Python makes of the same calls, enqueued by itself.
            let peer = try Peer(setting.edition, on: server)
            let reference = examples.indices.map { "reference-\($0)" }
            try await peer.ask(
                zip(examples, reference).map { try DefinitionRequest.enqueue($0, setting.serializer, id: $1) })
            let views = try await peer.ask(
                (reference + python + swift).map { DefinitionRequest.job($0, setting.serializer) })
            try await peer.work("q", serializer: setting.serializer)
            let calls = try peer.calls()

            for (index, example) in examples.enumerated() {
                #expect(calls[reference[index]] != nil, "\(example.name)")
                for (side, jobs) in [(1, python), (2, swift)] {
                    #expect(calls[jobs[index]] == calls[reference[index]], "\(example.name)")
                    #expect(views[index + side * examples.count] == views[index], "\(example.name)")
                }
            }
            // None was run twice, and none that nobody asked for.
            #expect(try server.command("LLEN", "calls").integer == examples.count * 3)
        }
    }

    @Test(arguments: WorkerSetting.all)
    func `a queued job has the fields of one that Python enqueued`(_ setting: WorkerSetting) async throws {
        try await withRedis(RawHash.keepsOrder) { server in
            let examples = try CallExample.all()
            let peer = try Peer(setting.edition, on: server)
            try await peer.ask(
                examples.enumerated().map { index, example in
                    try DefinitionRequest.enqueue(example, setting.serializer, id: "python-\(index)")
                })
            try await withScheduler(on: server, options: { $0.serializer = setting.serializer }) { scheduler in
                for (index, example) in examples.enumerated() {
                    var job = try await DefinitionRequest.register(example, id: "\(index)", with: scheduler)
                    try await job.refresh()
                    let triggered = try await job.enqueue(serializer: setting.serializer)
                    try compare(triggered, with: "python-\(index)", setting, on: server, "\(example.name), triggered")
                }
                let others = examples.count * 2
                try await setting.schedule(scheduler, on: server, until: "all definitions are queued") {
                    try server.command("LLEN", "rq:queue:q").integer == others + examples.count
                }
            }
            for (index, example) in examples.enumerated() {
                let queued = try Self.job(of: "\(index)", on: server)
                try compare(queued, with: "python-\(index)", setting, on: server, "\(example.name)")
            }
            #expect(try server.command("SMEMBERS", "rq:queues").strings == ["rq:queue:q"])
        }
    }

    /// All that a definition may leave out, one by one.
    ///
    /// Keyword arguments that are named as options of a job are left out: rq-rediscron takes them for the options.
    private static let options: [JSONObject] = [
        ["args": [1]], ["kwargs": ["a": 1.0]], ["args": ["é", nil], "kwargs": ["b": [true]]],
        ["job_timeout": 5], ["job_timeout": -1], ["result_ttl": -1], ["result_ttl": 86_400],
        ["ttl": 30], ["failure_ttl": 0], ["failure_ttl": 31_536_000], ["meta": ["a": ["b": 1.0]]],
        ["job_timeout": 1, "result_ttl": 2, "ttl": 3_000, "failure_ttl": 4, "meta": ["é": "\u{1F600}"]],
        ["queue": "ünïcode q", "args": [""]],
    ]

    @Test func `Python's own scheduler runs what was registered here`() async throws {
        try await withRedis { server in
            // Keyword arguments that are named as options of a job are taken for these by rq-rediscron.
            let examples = try CallExample.all().filter { $0.kwargs["job_id"] == nil }
            try await withScheduler(on: server) { scheduler in
                for (index, example) in examples.enumerated() {
                    try await DefinitionRequest.register(example, id: "\(index)", with: scheduler)
                }
            }
            let peer = try Peer(on: server)
            let python = try await peer.startLeadingScheduler()
            defer { python.kill() }
            try await peer.stop(python)
            // It goes by the index, which has them in the order of their registration.
            let jobs = try server.command("LRANGE", "rq:queue:q", 0, -1).strings
            try #require(jobs.count == examples.count)
            let reference = examples.indices.map { "reference-\($0)" }
            try await peer.ask(zip(examples, reference).map { try DefinitionRequest.enqueue($0, .pickle, id: $1) })
            try await peer.work("q")
            let calls = try peer.calls()
            for (index, example) in examples.enumerated() {
                #expect(calls[jobs[index]] != nil, "\(example.name)")
                #expect(calls[jobs[index]] == calls[reference[index]], "\(example.name)")
            }
        }
    }

    @Test func `a definition's job is the one that rq-rediscron makes of it`() async throws {
        try await withRedis(RawHash.keepsOrder) { server in
            let peer = try Peer(on: server)
            let definitions = Self.options.enumerated().map { index, fields in
                var request: JSONObject = [
                    "do": "register", "id": .string("d\(index)"), "func": "app.tasks.rebuild", "queue": "q",
                    "interval": 3600,
                ]
                for entry in fields.entries { request[entry.key] = entry.value }
                return request
            }
            let enqueue = definitions.indices.map { index -> JSONObject in
                ["do": "enqueue_definition", "id": .string("d\(index)")]
            }
            let theirs = try await peer.ask(definitions + enqueue).suffix(definitions.count).compactMap(\.text)
            try #require(theirs.count == definitions.count)
            try await withScheduler(on: server) { scheduler in
                try await whileRunning(scheduler) {
                    try await eventually("all are queued", within: .seconds(60)) {
                        try server.command("KEYS", "rq:job:*").array.count == definitions.count * 2
                    }
                }
            }
            let setting = WorkerSetting.all[0]
            for (index, their) in theirs.enumerated() {
                let our = try Self.job(of: "d\(index)", on: server)
                try compare(our, with: their, setting, on: server, "\(definitions[index])")
                let (ourTTL, theirTTL) = (
                    try server.command("TTL", "rq:job:\(our)").integer ?? 0,
                    try server.command("TTL", "rq:job:\(their)").integer ?? 0
                )
                #expect((ourTTL < 0) == (theirTTL < 0), "\(definitions[index])")
                #expect(abs(ourTTL - theirTTL) <= 60, "\(definitions[index])")
            }
        }
    }

    /// The id of the job that the first run of an interval definition has.
    private static func job(of id: String, on server: RedisServer) throws -> String {
        let hash = RawHash(try server.command("HGETALL", "rq:cron_job:\(id)"))
        let created = try Timestamp(parsing: hash.text("created_at") ?? "")
        let job = Array(id.utf8).withUnsafeBufferPointer { RQJobID.planned(definition: $0, at: created) }
        return job.description
    }

    private func compare(
        _ our: String, with their: String, _ setting: WorkerSetting, on server: RedisServer, _ comment: Comment
    ) throws {
        let one = RawHash(try server.command("HGETALL", "rq:job:\(our)"))
        let other = RawHash(try server.command("HGETALL", "rq:job:\(their)"))
        #expect(!one.fields.isEmpty, comment)
        // Times differ, and there is more than one pickle and more than one compression of a value: what is in them is
        // compared by what a worker gets.
        let loosely: Set = ["created_at", "enqueued_at", "data"]
        let differences = one.differences(
            from: other, loosely: setting.serializer == .pickle ? loosely.union(["meta"]) : loosely)
        #expect(differences == [], comment)
    }
}
