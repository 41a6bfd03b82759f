import RQWire
import RedisCron

/// `/api/apply`: makes Redis hold what a file declares, as `rqrcron apply`.
enum FileResource {
    static func post(_ call: APICall) async throws -> CronWebResponse {
        let query = try QueryReader(call.request.query, "dry_run", "prune")
        let (isDryRun, prunes) = (try query.flag("dry_run"), try query.flag("prune"))
        try BodyReader.checkType(call.request, "application/json", "text/plain")
        let isJSON = call.request.hasContentType("application/json")
        let declarations =
            isJSON
            ? try CronJobDeclarations(json: call.request.body) : try CronJobDeclarations(crontab: call.request.body)
        if isJSON, !declarations.jobs.allSatisfy(\.call.isFinite) { throw BodyReader.notFinite }
        let plan = try await call.connection.plan(declarations, prune: prunes)
        if !isDryRun {
            try await call.connection.apply(plan)
            if !plan.changes.isEmpty {
                let source = plan.source.map { " of \(quoted($0))" } ?? ""
                call.log("applied a file\(source): \(plan.changes.count) changes")
            }
        }
        return .json(object(of: plan, isDryRun: isDryRun, showsArguments: call.mount.options.showsArguments))
    }

    private static func object(of plan: ApplyPlan, isDryRun: Bool, showsArguments: Bool) -> JSONObject {
        func count(_ kind: String) -> JSONValue { .int(plan.changes.count { $0.action.kind == kind }) }
        return [
            "dry_run": .bool(isDryRun), "source": plan.source.map { .string($0) } ?? .null, "created": count("create"),
            "changed": .int(plan.changes.count { ["edit", "replace"].contains($0.action.kind) }),
            "deleted": count("delete"), "unchanged": .int(plan.unchanged),
            "changes": .array(plan.changes.map { .object(object(of: $0, showsArguments: showsArguments)) }),
            "paused": .array(plan.paused.map { .string($0) }), "finished": .array(plan.finished.map { .string($0) }),
        ]
    }

    private static func object(of change: ApplyPlan.Change, showsArguments: Bool) -> JSONObject {
        var object: JSONObject = ["id": .string(change.id), "action": .string(change.action.kind)]
        switch change.action {
        case .create, .delete: break
        case .replace(let reason): object["reason"] = .string(reason)
        case .edit(let fields):
            object["fields"] = .array(
                fields.map { field in
                    let isHidden = !showsArguments && ["args", "kwargs", "meta"].contains(field.field)
                    return [
                        "field": .string(field.field), "old": isHidden ? .null : .string(field.old),
                        "new": isHidden ? .null : .string(field.new),
                    ]
                })
        }
        return object
    }
}

extension CallSpec {
    /// Whether all numbers of the arguments and of the metadata are.
    fileprivate var isFinite: Bool {
        JSONValue.array(args).isFinite && JSONValue.object(kwargs).isFinite && JSONValue.object(meta).isFinite
    }
}

extension ApplyPlan.Action {
    fileprivate var kind: String {
        switch self {
        case .create: "create"
        case .edit: "edit"
        case .replace: "replace"
        case .delete: "delete"
        }
    }
}
