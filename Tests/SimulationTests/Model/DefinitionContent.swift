import Crontab
import RQWire

@testable import RedisCron

/// What the scheduler needs of a definition besides its times: made once by the real loader, shared by all that say the
/// same.
final class DefinitionContent {
    let plan: RunPlan
    let template: JobTemplate
    /// `data` and `description` as two encoded arguments.
    let payload: [UInt8]

    init(plan: RunPlan, template: JobTemplate, payload: [UInt8]) {
        self.plan = plan
        self.template = template
        self.payload = payload
    }
}

/// Loads definitions by the real `DefinitionLoader`, and remembers what it made: a hundred thousand schedules have a few
/// dozen contents.
final class ContentBook {
    private struct Key: Hashable {
        let functionName: String
        let queueName: String
        let args: [JSONValue]
        let kwargs: JSONObject
        let interval: Int?
        let cron: String?
        let timeZone: String?
        let jobTimeout: Int?
        let resultTTL: Int?
        let ttl: Int?
        let failureTTL: Int?
        let meta: JSONObject
    }

    private var loader = DefinitionLoader(zone: .utc, serializer: .pickle)
    private var contents: [Key: DefinitionContent] = [:]

    /// The content of a definition, or why it cannot be used.
    func content(of hash: CronJobHash, id: DefinitionID) -> Result<DefinitionContent, Unreadable> {
        let key = Key(
            functionName: hash.functionName, queueName: hash.queueName, args: hash.args, kwargs: hash.kwargs,
            interval: hash.interval, cron: hash.cron, timeZone: hash.timeZone, jobTimeout: hash.jobTimeout,
            resultTTL: hash.resultTTL, ttl: hash.ttl, failureTTL: hash.failureTTL, meta: hash.meta)
        if let known = contents[key] { return .success(known) }
        switch loader.prepare(DefinitionLoader.Fetched(hash: hash, version: [], nextEnqueueTime: []), id: id) {
        case .missing: return .failure(Unreadable(field: nil, reason: "missing"))
        case .zoneUnavailable(let reason): return .failure(Unreadable(field: "timezone", reason: reason))
        case .unreadable(let field, let reason): return .failure(Unreadable(field: field, reason: reason))
        case .definition(let prepared):
            // An empty first argument, the version, is six bytes.
            let content = DefinitionContent(
                plan: prepared.plan, template: prepared.template, payload: Array(prepared.arguments.dropFirst(6)))
            contents[key] = content
            return .success(content)
        }
    }

    /// Why a definition cannot be used.
    struct Unreadable: Error {
        let field: String?
        let reason: String
    }
}
