import Cron

/// What has to change in Redis so that it holds what was declared.
public struct ApplyPlan: Sendable {
    /// One field that changes.
    public struct FieldChange: Sendable, Hashable {
        /// The name of the field in the hash.
        public let field: String
        /// What stands in Redis.
        public let old: String
        /// What was declared.
        public let new: String
    }

    /// What happens to one definition.
    public enum Action: Sendable, Hashable {
        /// It is made.
        case create
        /// These fields are changed.
        case edit([FieldChange])
        /// What stands there cannot be read, for this reason, and is replaced.
        case replace(reason: String)
        /// It is deleted: an earlier apply of the same source made it, and it is not declared any more.
        case delete
    }

    /// One definition that changes.
    public struct Change: Sendable {
        /// The definition's id.
        public let id: String
        /// What happens to it.
        public let action: Action
        /// What was declared; `nil` for one that is deleted.
        public let declaration: CronJobDeclaration?
        /// The definition to be written.
        package let wanted: RedisCronJob?
    }

    /// The source that what is made or changed is remembered under.
    public let source: String?
    /// What changes, in the order of the declarations, and then what is deleted.
    public let changes: [Change]
    /// How many definitions stand there already as declared.
    public let unchanged: Int
    /// The zone of definitions that name none, as it was when the plan was made.
    let defaultZone: ZoneRules
}

extension ApplyPlan {
    /// What is told when the definitions of a scheduler have been applied.
    var applied: SchedulerEvent {
        let created = changes.count { $0.action == .create }
        return .definitionsApplied(
            source: source, created: created, changed: changes.count - created, unchanged: unchanged)
    }
}
