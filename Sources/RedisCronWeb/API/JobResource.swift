import CronFiles
import RQWire
import RedisCron

/// `/api/jobs/{id}`: a definition, as `rqrcron export` writes it and `rqrcron apply` reads it.
enum JobResource {
    /// Fields that may hold secrets: shown only where the options say so.
    private static let arguments = ["args", "kwargs", "meta", "webhooks"]
    /// The key under which the names of those stand that are not shown.
    ///
    /// A definition with it cannot be put, so that nobody loses them by putting back what was read.
    static let hiddenKey = "hidden"

    static func get(_ call: APICall) async throws -> CronWebResponse {
        _ = try QueryReader(call.request.query)
        let job = try await call.connection.job(id: call.id)
        let tag = job.entityTag
        var answer = written(job, call)
        if Preconditions(call.request.headers).hasSeen(tag) {
            answer.leaveBodyOut()
            answer.headers["Content-Type"] = nil
            answer.status = 304
        }
        return answer
    }

    static func put(_ call: APICall) async throws -> CronWebResponse {
        _ = try QueryReader(call.request.query)
        let declaration = try declaration(call)
        let conditions = Preconditions(call.request.headers)
        // A wrong guess costs a round trip, and nothing else.
        let isProbablyNew = await call.mount.catalogue.lacks(DefinitionID(call.id))
        let outcome = try await call.connection.put(
            declaration, isProbablyNew: isProbablyNew, where: { conditions.admits($0) })
        switch outcome {
        case .refused: throw Preconditions.failed(call.id)
        case .created(let job):
            call.log("created \(quoted(call.id))")
            var answer = written(job, call)
            answer.status = 201
            answer.headers["Location"] =
                "\(call.mount.path)/api/jobs/\(PercentEncoding.encoded(call.id))"
            return answer
        case .changed(let job):
            call.log("changed \(quoted(call.id))")
            return written(job, call)
        case .unchanged(let job): return written(job, call)
        }
    }

    static func delete(_ call: APICall) async throws -> CronWebResponse {
        _ = try QueryReader(call.request.query)
        let conditions = Preconditions(call.request.headers)
        switch try await call.connection.deleteJob(id: call.id, where: { conditions.admits($0) }) {
        case .refused: throw Preconditions.failed(call.id)
        case .missing: throw RedisCronError.noSuchJob(call.id)
        case .deleted:
            call.log("deleted \(quoted(call.id))")
            return CronWebResponse(status: 204)
        }
    }

    private static func written(_ job: RedisCronJob, _ call: APICall) -> CronWebResponse {
        .json(object(of: job, call), headers: ["ETag": job.entityTag])
    }

    /// What the body declares, which need not say the id that the address says.
    private static func declaration(_ call: APICall) throws -> CronJobDeclaration {
        var object = try BodyReader.object(call.request)
        switch object["id"] {
        case nil: object["id"] = .string(call.id)
        case .string(let id)? where id.text.map({ !$0.utf8.elementsEqual(call.id.utf8) }) ?? true:
            throw Problem(422, "is another one than in the address", field: "id", id: call.id)
        default: break
        }
        guard object[JSONString(hiddenKey)] == nil else {
            throw Problem(
                422, "the fields that it names were not shown: give them, and leave this key out", field: hiddenKey,
                id: call.id)
        }
        return try CronJobDeclaration(json: object)
    }

    private static func object(of job: RedisCronJob, _ call: APICall) -> JSONObject {
        var object = CronJobDeclaration(job).fields
        // What a Python program stored may have numbers that JSON has no words for.
        let hidden = arguments.filter { key in
            object[JSONString(key)].map { !call.mount.options.showsArguments || !$0.isFinite } ?? false
        }
        for key in hidden { object[JSONString(key)] = nil }
        if !hidden.isEmpty { object[JSONString(hiddenKey)] = .array(hidden.map { .string($0) }) }
        return object
    }
}
