import RQWire

/// What stood in Redis when a job was read or written.
///
/// A box, so that a job stays a small value.
final class StoredDefinition: Sendable {
    let definition: CronJobHash
    /// The very bytes of `next_enqueue_time`: old data may write a time in another way than we do, and an edit that
    /// depends on it compares bytes.
    let nextEnqueueTime: [UInt8]

    init(_ definition: CronJobHash, nextEnqueueTime: [UInt8]) {
        self.definition = definition
        self.nextEnqueueTime = nextEnqueueTime
    }

    /// A definition that was just written.
    convenience init(written definition: CronJobHash) {
        self.init(definition, nextEnqueueTime: CronJobHash.Field.nextEnqueueTime.bytes(of: definition))
    }
}
