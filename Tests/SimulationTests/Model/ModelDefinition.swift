import RQWire

@testable import RedisCron

/// A definition's hash in the model.
struct ModelDefinition {
    /// The fields.
    var hash: CronJobHash
    /// What the scheduler makes of them.
    var content: Result<DefinitionContent, ContentBook.Unreadable>
    /// The bytes of `updated_at`.
    private let version: [UInt8]

    init(_ hash: CronJobHash, book: ContentBook) {
        self.hash = hash
        content = book.content(of: hash, id: DefinitionID(hash.id))
        version = hash.version
    }

    /// The definition as a scheduler reads it.
    func fetched(id: DefinitionID) -> Reading<LoadedDefinition> {
        switch content {
        case .failure(let unreadable): .unreadable(field: unreadable.field, reason: unreadable.reason)
        case .success(let content):
            .found(
                .prepared(
                    PreparedDefinition(
                        id: id, plan: content.plan, template: content.template,
                        version: version, payload: content.payload, nextEnqueueTime: nextTime,
                        createdAt: hash.createdAt, isEnabled: hash.enabled, neverRan: hash.latestEnqueueTime == nil,
                        isSetBack: hash.isSetBack)))
        }
    }

    /// Whether a run was prepared from this very version.
    func isVersion(of definition: PreparedDefinition) -> Bool {
        definition.texts.version.elementsEqual(version)
    }

    /// Whether `updated_at` holds these bytes.
    func isVersion(_ bytes: [UInt8]) -> Bool {
        version == bytes
    }

    /// Whether a run was prepared from this very content.
    func isContent(of definition: PreparedDefinition) -> Bool {
        guard case .success(let content) = content else { return false }
        return content.template.settings == definition.template.settings
            && definition.texts.data == content.payload.data
            && definition.texts.description == content.payload.description
    }

    /// The planned time of the next run, if the hash says so itself.
    var plannedTime: Timestamp? {
        nextTime ?? (hash.latestEnqueueTime == nil && hash.interval != nil ? hash.createdAt : nil)
    }

    private var nextTime: Timestamp? {
        if let next = hash.nextEnqueueTime { return next }
        guard let latest = hash.latestEnqueueTime, case .success(let content) = content else { return nil }
        return content.plan.next(planned: latest, now: latest)
    }
}

extension CronJobHash {
    /// The bytes of `updated_at`.
    fileprivate var version: [UInt8] { Field.updatedAt.bytes(of: self) }
}
