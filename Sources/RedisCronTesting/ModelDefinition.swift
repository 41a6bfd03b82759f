package import Cron
package import RQWire
import RedisBridge
package import RedisCron

/// A definition's hash in the model.
package struct ModelDefinition: Sendable {
    /// The fields.
    package var hash: CronJobHash
    /// What the scheduler makes of them.
    package var content: Result<DefinitionContent, ContentBook.Unreadable>
    private let updatedAtBytes: [UInt8]

    package init(_ hash: CronJobHash, book: ContentBook) {
        self.hash = hash
        content = book.content(of: hash, id: DefinitionID(hash.id))
        updatedAtBytes = CronJobHash.Field.updatedAt.bytes(of: hash)
    }

    /// The definition as a scheduler reads it.
    package func fetched(id: DefinitionID) -> Reading<LoadedDefinition> {
        switch content {
        case .failure(let unreadable): .unreadable(field: unreadable.field, reason: unreadable.reason)
        case .success(let content):
            .found(
                .prepared(
                    PreparedDefinition(
                        id: id, plan: content.plan, template: content.template,
                        updatedAtBytes: updatedAtBytes, payload: content.payload, nextEnqueueTime: nextTime,
                        createdAt: hash.createdAt, isEnabled: hash.enabled, neverRan: hash.latestEnqueueTime == nil,
                        isSetBack: hash.isSetBack,
                        governance: Governance(hash, skipWindow: Governance.skipWindow(lockTTL: .seconds(120))),
                        plannedCall: PlannedCall(hash.call, serializer: .pickle))))
        }
    }

    /// Whether a run was prepared from this very state of the hash.
    package func isSource(of definition: PreparedDefinition) -> Bool {
        definition.texts.updatedAtBytes.elementsEqual(updatedAtBytes)
    }

    /// Whether `updated_at` holds these bytes.
    package func wasUpdated(at bytes: [UInt8]) -> Bool {
        updatedAtBytes == bytes
    }

    /// Whether a run was prepared from this very content.
    package func isContent(of definition: PreparedDefinition) -> Bool {
        guard case .success(let content) = content else { return false }
        return content.template.settings == definition.template.settings
            && definition.texts.data == content.payload.data
            && definition.texts.description == content.payload.description
    }

    /// The planned time of the next run, if the hash says so itself.
    package var plannedTime: Timestamp? {
        nextTime ?? (hash.latestEnqueueTime == nil && hash.interval != nil ? hash.createdAt : nil)
    }

    private var nextTime: Timestamp? {
        if let next = hash.nextEnqueueTime { return next }
        guard let latest = hash.latestEnqueueTime, case .success(let content) = content else { return nil }
        return content.plan.time(after: latest, anchor: latest)
    }
}

/// What the scheduler needs of a definition besides its times: made once by the real loader, and shared by all definitions
/// that have the same call and schedule.
package final class DefinitionContent: Sendable {
    package let plan: RunPlan
    package let template: JobTemplate
    package let payload: JobPayload

    package init(plan: RunPlan, template: JobTemplate, payload: JobPayload) {
        self.plan = plan
        self.template = template
        self.payload = payload
    }
}

/// Loads definitions by the real `DefinitionLoader`, and remembers what it made: a hundred thousand simulated schedules have a
/// few dozen contents.
package final class ContentBook: Sendable {
    private struct Key: Hashable {
        let call: CallSpec
        let schedule: ScheduleSpec
        /// Where the schedule depends on it.
        let id: DefinitionID?
    }

    private struct State {
        var loader: DefinitionLoader
        var contents: [Key: DefinitionContent] = [:]
    }

    private let state: Guarded<State>

    /// Makes an empty book.
    ///
    /// - Parameter zone: The zone of definitions that name none.
    package init(zone: ZoneRules = .utc) {
        state = Guarded(State(loader: DefinitionLoader(zone: zone, serializer: .pickle)))
    }

    /// The content of a definition, or why it cannot be used.
    package func content(of hash: CronJobHash, id: DefinitionID) -> Result<DefinitionContent, Unreadable> {
        state.withLock { state in
            let key = Key(call: hash.call, schedule: hash.schedule, id: hash.schedule.jitter == nil ? nil : id)
            if let known = state.contents[key] { return .success(known) }
            let stored = StoredDefinition(hash, updatedAtBytes: [], nextEnqueueTime: [])
            switch state.loader.prepare(stored, id: id) {
            case .missing: return .failure(Unreadable(field: nil, reason: "missing"))
            case .found(.zoneUnavailable(let reason)): return .failure(Unreadable(field: "timezone", reason: reason))
            case .unreadable(let field, let reason): return .failure(Unreadable(field: field, reason: reason))
            case .found(.prepared(let prepared)):
                let content = DefinitionContent(
                    plan: prepared.plan, template: prepared.template, payload: JobPayload(hash.call))
                state.contents[key] = content
                return .success(content)
            }
        }
    }

    /// Why a definition cannot be used.
    package struct Unreadable: Error {
        package let field: String?
        package let reason: String

        package init(field: String?, reason: String) {
            self.field = field
            self.reason = reason
        }
    }
}
