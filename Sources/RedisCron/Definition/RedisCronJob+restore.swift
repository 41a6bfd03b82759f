import RQWire

extension RedisCronJob {
    /// Makes a job from the fields of its hash.
    ///
    /// Unlike rq-rediscron's `restore` it imports nothing: the function's name is enough.
    ///
    /// - Parameters:
    ///   - id: The id by which it was asked for; the hash must say the same.
    ///   - hash: Fields and values. Unknown fields are left alone.
    ///   - connection: Where it lives.
    /// - Throws: ``RedisCronError`` with code `.unreadableDefinition`, naming the field and the reason.
    public static func restore(
        id: String, hash: [(field: [UInt8], value: [UInt8])], connection: RedisCronConnection? = nil
    ) throws(RedisCronError) -> RedisCronJob {
        let definition: CronJobHash
        do {
            definition = try CronJobHash(fields: hash)
        } catch {
            throw RedisCronError.unreadable(id, error.field, error.reason)
        }
        guard definition.id.utf8.elementsEqual(id.utf8) else {
            throw RedisCronError.unreadable(id, "id", "the hash says \(quoted(definition.id))")
        }
        do {
            try DefinitionCheck(definition).validate()
        } catch {
            throw RedisCronError.unreadable(id, error.field, error.message)
        }
        let name = Array(CronJobHash.Field.nextEnqueueTime.name.utf8)
        let next = hash.first { $0.field == name }?.value ?? []
        return RedisCronJob(StoredDefinition(definition, nextEnqueueTime: next), connection: connection)
    }
}
