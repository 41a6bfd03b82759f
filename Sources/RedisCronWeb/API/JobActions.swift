import RQWire
import RedisCron

/// `/api/jobs/{id}/trigger`, `pause` and `resume`.
enum JobActions {
    /// The longest key of a trigger, with its quotes.
    private static let mostKeyBytes = 255

    static func trigger(_ call: APICall) async throws -> CronWebResponse {
        _ = try QueryReader(call.request.query)
        let body = try BodyReader.object(call.request, isOptional: true)
        try body.checkKeys("overlap", "serializer")
        let overlap = try body.word("overlap", RunPolicy.Overlap.self)
        let serializer = try body.word("serializer", SerializerWord.self)?.serializer ?? .pickle
        let key = try idempotencyKey(call.request.headers)
        let job = try await call.connection.job(id: call.id)
        switch try await job.trigger(overlap: overlap, key: key, serializer: serializer) {
        case .queued(let jobID):
            call.log("triggered \(quoted(call.id)): job \(jobID)")
            return .json(["job_id": .string(jobID), "queued": true], status: 202)
        case .queuedBefore(let jobID): return .json(["job_id": .string(jobID), "queued": false])
        case .refused: throw Problem(409, "not queued, because an earlier run is queued or running", id: call.id)
        }
    }

    static func pause(_ call: APICall) async throws -> CronWebResponse {
        _ = try QueryReader(call.request.query)
        let body = try BodyReader.object(call.request, isOptional: true)
        try body.checkKeys("note", "until")
        let (note, end) = (try body.text("note"), try body.time("until"))
        var job = try await call.connection.job(id: call.id)
        do throws(RedisCronError) {
            try await job.pause(until: end, note: note)
        } catch {
            guard error.field == "paused_until" else { throw error }
            throw Problem(422, error.message, field: "until", id: call.id)
        }
        call.log(
            "paused \(quoted(call.id))" + (end.map { " until \($0)" } ?? "") + (note.map { ": \(quoted($0))" } ?? ""))
        return try await JobStatus.answer(job, call)
    }

    static func resume(_ call: APICall) async throws -> CronWebResponse {
        _ = try QueryReader(call.request.query)
        let body = try BodyReader.object(call.request, isOptional: true)
        try body.checkKeys()
        var job = try await call.connection.job(id: call.id)
        try await job.resume()
        call.log("resumed \(quoted(call.id))")
        return try await JobStatus.answer(job, call)
    }

    /// A name for this run: asked for twice, it is queued once.
    ///
    /// With quotes, as the draft of the field has it, or without.
    private static func idempotencyKey(_ headers: CronWebHeaders) throws(Problem) -> String? {
        let name = "Idempotency-Key"
        let fields = headers.values(of: name)
        guard let field = fields.first else { return nil }
        guard fields.count == 1 else { throw Problem(400, "given twice", field: name) }
        let isQuoted = field.utf8.count >= 2 && field.hasPrefix("\"") && field.hasSuffix("\"")
        let key = isQuoted ? String(field.dropFirst().dropLast()) : field
        guard !key.isEmpty, field.utf8.count <= mostKeyBytes else {
            throw Problem(400, "must have 1 to \(mostKeyBytes) bytes, not \(field.utf8.count)", field: name)
        }
        return key
    }
}

/// The names of serializers in a body.
private enum SerializerWord: String, CaseIterable {
    case pickle, json

    var serializer: JobSerializer {
        switch self {
        case .pickle: .pickle
        case .json: .json
        }
    }
}

/// `/api/jobs/{id}/status`: how a definition is doing, which no file says.
enum JobStatus {
    private static let fields: [CronJobHash.Field] = CronJobHash.Field.all.filter {
        $0.role == .state && $0 != .openRuns
    }

    static func get(_ call: APICall) async throws -> CronWebResponse {
        _ = try QueryReader(call.request.query)
        return try await answer(try await call.connection.job(id: call.id), call)
    }

    /// The fields that ticks and editors write, under their names in the hash; what there is none of is null.
    static func answer(_ job: RedisCronJob, _ call: APICall) async throws -> CronWebResponse {
        var object: JSONObject = [
            "id": .string(job.id), "enabled": .bool(job.enabled), "paused": .bool(job.isPaused(at: .now)),
            "finished": .bool(job.isFinished),
        ]
        for field in fields { object[JSONString(field.name)] = field.json(of: job.definition) }
        // The end of time, which stands in the hash, is none.
        if job.isFinished { object[JSONString(CronJobHash.Field.nextEnqueueTime.name)] = .null }
        object["source"] = try await call.connection.sources(of: [job.id]).first?.map { .string($0) } ?? .null
        return .json(object)
    }
}
