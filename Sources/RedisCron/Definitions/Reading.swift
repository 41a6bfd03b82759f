import Cron
import RQWire
import RedisBridge

/// What a key holds that should hold a definition.
package enum Reading<Value: Sendable>: Sendable {
    /// There is no such key.
    case missing
    /// The key holds no hash, or a field of the hash is wrong: the reason, for a person.
    case unreadable(field: String?, reason: String)
    /// What was looked for.
    case found(Value)

    /// What becomes of a value that was found.
    func flatMap<Other>(_ transform: (Value) throws -> Reading<Other>) rethrows -> Reading<Other> {
        switch self {
        case .missing: .missing
        case .unreadable(let field, let reason): .unreadable(field: field, reason: reason)
        case .found(let value): try transform(value)
        }
    }
}

/// A definition as Redis held it when it was read or written.
///
/// It carries the very bytes of two times: old data may write a time in another way than we do, and Redis compares bytes.
///
/// A class, because it is passed through several hands, and copying a hash would copy a dozen references.
package final class StoredDefinition: Sendable {
    package let definition: CronJobHash
    /// The bytes of `updated_at`.
    let updatedAtBytes: [UInt8]
    /// The bytes of `next_enqueue_time`.
    let nextEnqueueTime: [UInt8]

    package init(_ definition: CronJobHash, updatedAtBytes: [UInt8], nextEnqueueTime: [UInt8]) {
        self.definition = definition
        self.updatedAtBytes = updatedAtBytes
        self.nextEnqueueTime = nextEnqueueTime
    }

    /// A definition that was just written.
    package convenience init(written definition: CronJobHash) {
        self.init(
            definition, updatedAtBytes: CronJobHash.Field.updatedAt.bytes(of: definition),
            nextEnqueueTime: CronJobHash.Field.nextEnqueueTime.bytes(of: definition))
    }
}

extension Reading<StoredDefinition> {
    /// Reads the reply to `HGETALL` without copying it.
    ///
    /// - Parameter id: The id in the key; the hash must say the same.
    /// - Throws: The server's error, unless it is about the type of the key: a server that is loading its data or denies
    ///   the command says nothing about the definition.
    init(_ reply: borrowing RedisReplyView, id: DefinitionID) throws(RedisError) {
        var source: String?
        try self.init(reply, id: id, source: &source)
    }

    /// As ``init(_:id:)``, with the source that the definition was applied from; `nil` for none.
    init(_ reply: borrowing RedisReplyView, id: DefinitionID, source: inout String?) throws(RedisError) {
        if let error = reply.error {
            guard error.prefix == .wrongType else { throw error }
            self = .unreadable(field: nil, reason: "its key holds no hash")
            return
        }
        guard reply.count > 0 else {
            self = .missing
            return
        }
        var fields = FieldReader()
        reply.forEachPair { name, value in fields.take(name, value) }
        source = fields.source
        self = fields.finish(id: id)
    }

    /// Reads fields and values that are already in memory.
    init(fields: [(field: [UInt8], value: [UInt8])], id: DefinitionID) {
        var reader = FieldReader()
        for (name, value) in fields {
            name.withUnsafeBufferPointer { name in
                value.withUnsafeBufferPointer { value in reader.take(name, value) }
            }
        }
        self = reader.finish(id: id)
    }

    /// The reading without a definition that nobody could run.
    var checked: Reading {
        checked { stored throws(RedisCronError) in
            try DefinitionCheck(stored.definition).validate()
            return stored
        }
    }

    /// What a check makes of a definition; what it throws makes the definition unreadable.
    func checked<Checked>(
        _ check: (StoredDefinition) throws(RedisCronError) -> Checked
    ) -> Reading<Checked> {
        flatMap { stored in
            do throws(RedisCronError) {
                return .found(try check(stored))
            } catch {
                return .unreadable(field: error.field, reason: error.message)
            }
        }
    }
}

/// Reads the fields of a hash one by one, up to the first one that is wrong.
private struct FieldReader: ~Copyable {
    private var decoder = CronJobHash.Decoder()
    private var updatedAt: [UInt8] = []
    private var next: [UInt8] = []
    private var refusal: RQWireError?
    /// In a form that copies nothing: it is asked for each field.
    private var isRefused: Bool { if case .some = refusal { true } else { false } }
    /// The source that it was applied from, which is no field of the definition itself.
    private(set) var source: String?

    mutating func take(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) {
        do throws(RQWireError) {
            guard let field = try isRefused ? nil : decoder.take(field: name, value: value) else {
                if DefinitionRepository.isSourceField(name), !value.isEmpty {
                    source = String(decoding: value, as: UTF8.self)
                }
                return
            }
            // Most fields are none of the times, and each of the two is looked up in the table.
            guard field.role == .state else { return }
            if field === CronJobHash.Field.updatedAt { updatedAt = Array(value) }
            if field === CronJobHash.Field.nextEnqueueTime { next = Array(value) }
        } catch {
            refusal = error
        }
    }

    consuming func finish(id: DefinitionID) -> Reading<StoredDefinition> {
        do throws(RQWireError) {
            if let refusal { throw refusal }
            let definition = try decoder.finish()
            guard definition.isNamed(id) else {
                return .unreadable(field: "id", reason: "the hash says \(quoted(definition.id))")
            }
            return .found(StoredDefinition(definition, updatedAtBytes: updatedAt, nextEnqueueTime: next))
        } catch {
            return .unreadable(field: error.field, reason: error.reason)
        }
    }
}

extension CronJobHash {
    /// Whether it is the definition with that id; byte by byte, since texts that are equal may be different keys.
    fileprivate func isNamed(_ other: DefinitionID) -> Bool {
        id.utf8.withContiguousStorageIfAvailable { other.consists(of: UnsafeRawBufferPointer($0)) }
            ?? id.utf8.elementsEqual(other.bytes)
    }
}
