import RQWire

/// The fields in which a definition differs from what Redis holds.
///
/// Of the times only the next run is one, where it moves without its schedule: that one could not have given it.
struct DefinitionDifference {
    /// Compares the bytes that are, or would be, in Redis.
    ///
    /// A hash without a field that has a default, which another tool wrote, means the default, as a declaration does.
    static func between(_ old: CronJobHash, _ new: CronJobHash) -> [ApplyPlan.FieldChange] {
        let isReplanned = !ScheduleBasis(old).hasOtherSchedule(than: new) && old.nextEnqueueTime != nil
        let fields = CronJobHash.Field.spec + (isReplanned ? [.nextEnqueueTime] : [])
        return fields.filter { $0.meaning(in: old) != $0.meaning(in: new) }.map { field in
            ApplyPlan.FieldChange(
                field: field.name, old: String(decoding: field.bytes(of: old), as: UTF8.self),
                new: String(decoding: field.bytes(of: new), as: UTF8.self))
        }
    }
}
