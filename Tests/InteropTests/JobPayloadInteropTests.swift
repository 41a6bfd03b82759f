import RQWire
import TestSupport
import Testing

/// Jobs written field by field as RQWire says, without the scheduler, against jobs that Python enqueued.
@Suite(.timeLimit(.minutes(3)))
struct JobPayloadInteropTests {
    /// A Python version and a serializer.
    struct Setting: Sendable, CustomTestStringConvertible {
        let edition: PythonEnvironment.Edition
        let serializer: JobSerializer

        static let all = PythonEnvironment.Edition.allCases.flatMap { edition in
            JobSerializer.allCases.map { Setting(edition: edition, serializer: $0) }
        }

        var testDescription: String { "\(edition.rawValue), \(serializer)" }
    }

    @Test(arguments: Setting.all)
    func `a worker gets the very arguments and Job fetch sees the same job`(_ setting: Setting) async throws {
        try await withRedis { server in
            let peer = try Peer(setting.edition, on: server)
            let examples = try CallExample.all()
            let ours = try examples.map { try enqueue($0, setting.serializer, on: server) }
            let theirs = examples.indices.map { "python-\($0)" }
            try await peer.ask(zip(examples, theirs).map { request($0, setting.serializer, id: $1) })

            let views = try await peer.ask((ours + theirs).map { view($0, setting.serializer) })
            try await peer.work("q", serializer: setting.serializer)
            let calls = try peer.calls()

            for (index, example) in examples.enumerated() {
                #expect(views[index] == views[index + examples.count], "\(example.name)")
                #expect(calls[ours[index]] != nil, "\(example.name)")
                #expect(calls[ours[index]] == calls[theirs[index]], "\(example.name)")
            }
        }
    }

    @Test(arguments: Setting.all)
    func `the hash has the fields of a job that Python enqueued, in its bytes`(_ setting: Setting) async throws {
        try await withRedis { server in
            let peer = try Peer(setting.edition, on: server)
            let examples = try CallExample.all()
            try await peer.ask(
                examples.enumerated().map { index, example in
                    request(example, setting.serializer, id: "python-\(index)")
                })
            for (index, example) in examples.enumerated() {
                let id = try enqueue(example, setting.serializer, on: server)
                var ours = try server.command("HGETALL", "rq:job:\(id)").fields
                var theirs = try server.command("HGETALL", "rq:job:python-\(index)").fields
                // Times differ, and there is more than one pickle and more than one compression of a value.
                for field in ["created_at", "enqueued_at"] {
                    #expect(ours[field]?.count == theirs[field]?.count)
                    ours[field] = nil
                    theirs[field] = nil
                }
                for field in setting.serializer == .pickle ? ["data", "meta"] : ["data"] {
                    ours[field] = ours[field].map { _ in [] }
                    theirs[field] = theirs[field].map { _ in [] }
                }
                let different = Set(ours.keys).union(theirs.keys).filter { ours[$0] != theirs[$0] }
                for field in different.sorted() {
                    let (our, their) = (ours[field].map(text), theirs[field].map(text))
                    #expect(our == their, "\(field) of \(example.name)")
                }
            }
        }
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    // The options are the same on both sides; a result is kept for 500 s as rq-rediscron has it.
    private static let options: JSONObject = [
        "job_timeout": 77, "result_ttl": 500, "ttl": 1_000, "failure_ttl": 99, "meta": ["source": "cron", "n": 1.0],
    ]

    private func request(_ example: CallExample, _ serializer: JobSerializer, id: String) -> JSONObject {
        var request = Self.options
        request["do"] = "enqueue"
        request["func"] = "app.tasks.rebuild"
        request["queue"] = "q"
        request["job_id"] = .string(id)
        request["args"] = .array(example.args)
        request["kwargs"] = .object(example.kwargs)
        request["serializer"] = .string(serializer.rawValue)
        return request
    }

    private func view(_ id: String, _ serializer: JobSerializer) -> JSONObject {
        ["do": "job", "id": .string(id), "serializer": .string(serializer.rawValue)]
    }

    private func enqueue(
        _ example: CallExample, _ serializer: JobSerializer, on server: RedisServer
    ) throws -> String {
        let payload = JobPayload(
            functionName: "app.tasks.rebuild", args: example.args, kwargs: example.kwargs, queue: "q", jobTimeout: 77,
            ttl: 1_000, failureTTL: 99, meta: ["source": "cron", "n": 1.0], serializer: serializer)
        let now = Timestamp(unixSeconds: 1_780_000_000)
        let (id, keys) = (RQJobID.random(), RQKeys())
        var words: [any CommandPart] = ["HSET", keys.job(id)]
        for (field, value) in RQJobHash.fields(payload: payload, createdAt: now, enqueuedAt: now) {
            words.append(field)
            words.append(value)
        }
        try server.command(words)
        try server.command("SADD", keys.queues, keys.queue("q"))
        try server.command("RPUSH", keys.queue("q"), id.description)
        return id.description
    }
}
