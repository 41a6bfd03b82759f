import RQWire
import RedisCron

/// The same definition and the same job, as Python and we are asked for them.
enum DefinitionRequest {
    // A result is kept for 500 s as rq-rediscron has it; RQ itself has no such default in its hashes.
    private static let options: JSONObject = [
        "job_timeout": 77, "result_ttl": 500, "ttl": 1_000, "failure_ttl": 99, "meta": ["source": "cron", "n": 1.0],
    ]

    /// Asks Python to register the call, due at once.
    static func register(_ example: CallExample, id: String) -> JSONObject {
        var request = call(example)
        request["do"] = "register"
        request["id"] = .string(id)
        request["interval"] = 3600
        return request
    }

    /// Registers the call with us, due at once.
    @discardableResult
    static func register(
        _ example: CallExample, id: String, with scheduler: RedisCronScheduler
    ) async throws -> RedisCronJob {
        try await scheduler.register(
            functionName: "app.tasks.rebuild", queueName: "q", id: id, args: example.args, kwargs: example.kwargs,
            interval: .seconds(3600), jobTimeout: .seconds(77), resultTTL: .seconds(500), ttl: .seconds(1_000),
            failureTTL: .seconds(99),
            meta: ["source": "cron", "n": 1.0])
    }

    /// Asks Python to enqueue the call as an application does.
    ///
    /// With the keys of objects in order, as they are in a definition's hash: both sides sort them there.
    static func enqueue(_ example: CallExample, _ serializer: JobSerializer, id: String) throws -> JSONObject {
        var sorted: [UInt8] = []
        JSONValue.object(call(example)).appendPythonJSON(to: &sorted)
        var request = try JSONValue(parsing: sorted).object ?? [:]
        request["do"] = "enqueue"
        request["job_id"] = .string(id)
        request["serializer"] = .string(serializer.rawValue)
        return request
    }

    /// Asks Python what it knows of a job.
    static func job(_ id: String, _ serializer: JobSerializer) -> JSONObject {
        ["do": "job", "id": .string(id), "serializer": .string(serializer.rawValue)]
    }

    private static func call(_ example: CallExample) -> JSONObject {
        var request = options
        request["func"] = "app.tasks.rebuild"
        request["queue"] = "q"
        request["args"] = .array(example.args)
        request["kwargs"] = .object(example.kwargs)
        return request
    }
}
