import Cron
package import RQWire

/// What deserves a warning about a valid definition, because it looks like a mistake.
package struct DefinitionCaution: Sendable {
    /// The field that it is about.
    package let field: CronJobHash.Field
    /// What is odd about its value, and what would be meant.
    package let message: String

    /// What is odd about a definition.
    package static func all(id: String, _ schedule: ScheduleSpec, _ policy: RunPolicy) -> [DefinitionCaution] {
        var cautions: [DefinitionCaution] = []
        if let cron = schedule.cron, let message = CronExpression.caution(about: cron, id: id) {
            cautions.append(DefinitionCaution(field: .cron, message: message))
        }
        if policy.deleteAfter != nil, schedule.endTime == nil, policy.maxRuns == nil {
            cautions.append(DefinitionCaution(field: .deleteAfter, message: idleDeletion))
        }
        return cautions
    }

    /// That nothing ever finishes what is to be deleted then.
    static let idleDeletion =
        "without end_time or max_runs the definition never finishes, so it is never deleted"
}
