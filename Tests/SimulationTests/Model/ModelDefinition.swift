import RQWire

@testable import RedisCron

/// A definition's hash in the model.
struct ModelDefinition {
    /// The fields.
    var hash: CronJobHash
    /// What the scheduler makes of them.
    var content: Result<DefinitionContent, ContentBook.Unreadable>
    /// `updated_at` as an encoded argument.
    private(set) var encodedVersion: [UInt8]

    init(_ hash: CronJobHash, book: ContentBook) {
        self.hash = hash
        content = book.content(of: hash, id: DefinitionID(hash.id))
        encodedVersion = Self.encoded(hash.updatedAt)
    }

    /// The definition as a scheduler reads it.
    func fetched(id: DefinitionID) -> FetchedDefinition {
        switch content {
        case .failure(let unreadable): .unreadable(field: unreadable.field, reason: unreadable.reason)
        case .success(let content):
            .definition(
                PreparedDefinition(
                    id: id, plan: content.plan, template: content.template,
                    arguments: encodedVersion + content.payload, nextEnqueueTime: nextTime,
                    createdAt: hash.createdAt, isEnabled: hash.enabled, neverRan: hash.latestEnqueueTime == nil,
                    isSetBack: hash.isSetBack))
        }
    }

    /// Whether a run was prepared from this very version.
    func isVersion(of definition: PreparedDefinition) -> Bool {
        definition.arguments.starts(with: encodedVersion)
    }

    /// Whether `updated_at` holds these bytes.
    func isVersion(_ bytes: [UInt8]) -> Bool {
        encodedVersion.dropLast(2).suffix(bytes.count).elementsEqual(bytes) && bytes.isEmpty == (hash.updatedAt == nil)
    }

    /// Whether a run was prepared from this very content.
    func isContent(of definition: PreparedDefinition) -> Bool {
        guard case .success(let content) = content else { return false }
        return content.template.settings == definition.template.settings
            && definition.arguments.suffix(content.payload.count).elementsEqual(content.payload)
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

    private static func encoded(_ time: Timestamp?) -> [UInt8] {
        var buffer = ArgumentBuffer(reserving: 40)
        if let time { buffer.append(wireFormat: time) } else { buffer.append([]) }
        return buffer.bytes
    }
}
