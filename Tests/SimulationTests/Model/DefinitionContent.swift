import Cron
import RQWire

@testable import RedisCron

/// What the scheduler needs of a definition besides its times: made once by the real loader, shared by all that say the
/// same.
final class DefinitionContent {
    let plan: RunPlan
    let template: JobTemplate
    let payload: JobPayload

    init(plan: RunPlan, template: JobTemplate, payload: JobPayload) {
        self.plan = plan
        self.template = template
        self.payload = payload
    }
}

/// Loads definitions by the real `DefinitionLoader`, and remembers what it made: a hundred thousand schedules have a few
/// dozen contents.
final class ContentBook {
    private struct Key: Hashable {
        let call: CallSpec
        let schedule: ScheduleSpec
    }

    private var loader = DefinitionLoader(zone: .utc, serializer: .pickle)
    private var contents: [Key: DefinitionContent] = [:]

    /// The content of a definition, or why it cannot be used.
    func content(of hash: CronJobHash, id: DefinitionID) -> Result<DefinitionContent, Unreadable> {
        let key = Key(call: hash.call, schedule: hash.schedule)
        if let known = contents[key] { return .success(known) }
        switch loader.prepare(StoredDefinition(hash, updatedAtBytes: [], nextEnqueueTime: []), id: id) {
        case .missing: return .failure(Unreadable(field: nil, reason: "missing"))
        case .found(.zoneUnavailable(let reason)): return .failure(Unreadable(field: "timezone", reason: reason))
        case .unreadable(let field, let reason): return .failure(Unreadable(field: field, reason: reason))
        case .found(.prepared(let prepared)):
            let content = DefinitionContent(
                plan: prepared.plan, template: prepared.template, payload: JobPayload(hash.call))
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
