import RQWire

/// The fields in which a definition differs from what stands in Redis.
///
/// Of the times only the next run is one, where it moves without its schedule: that one could not have given it.
struct DefinitionDifference {
    /// The fields that a declaration says.
    private static let declared: [CronJobHash.Field] = [
        .functionName, .queueName, .args, .kwargs, .interval, .cron, .timeZone, .jobTimeout, .resultTTL, .ttl,
        .failureTTL, .meta, .enabled,
    ]

    /// Compares the bytes that stand, or would stand, in Redis.
    static func between(_ old: CronJobHash, _ new: CronJobHash) -> [ApplyPlan.FieldChange] {
        var changes: [ApplyPlan.FieldChange] = []
        var before: [UInt8] = []
        var after: [UInt8] = []
        let isReplanned = !ScheduleBasis(old).hasOtherSchedule(than: new) && old.nextEnqueueTime != nil
        for field in declared + (isReplanned ? [.nextEnqueueTime] : []) {
            // A hash without one, which another tool wrote, means RQ's default, as a declaration without one does.
            if field == .resultTTL, keptSeconds(old) == keptSeconds(new) { continue }
            before.removeAll(keepingCapacity: true)
            after.removeAll(keepingCapacity: true)
            old.append(field, to: &before)
            new.append(field, to: &after)
            guard before != after else { continue }
            changes.append(
                ApplyPlan.FieldChange(
                    field: field.rawValue, old: String(decoding: before, as: UTF8.self),
                    new: String(decoding: after, as: UTF8.self)))
        }
        return changes
    }

    private static func keptSeconds(_ definition: CronJobHash) -> Int {
        definition.resultTTL ?? JobPayload.defaultResultTTL
    }
}
