import Cron
public import CronFiles
import RQWire

/// What has to change in Redis so that it holds what was declared.
public struct ApplyPlan: Sendable {
    /// One field that changes.
    public struct FieldChange: Sendable, Hashable {
        /// The name of the field in the hash.
        public let field: String
        /// The value in Redis, without what may be a password.
        public let old: String
        /// The declared value, without what may be a password.
        public let new: String
    }

    /// What happens to one definition.
    public enum Action: Sendable, Hashable {
        /// It is created.
        case create
        /// These fields are changed.
        case edit([FieldChange])
        /// What Redis holds cannot be read, for this reason, and is replaced.
        case replace(reason: String)
        /// It is deleted: an earlier apply of the same source created it, and it is not declared any more.
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
        /// The definition to be written, where it is known already.
        package let wanted: RedisCronJob?

        init(id: String, action: Action, declaration: CronJobDeclaration?, wanted: RedisCronJob?) {
            self.id = id
            self.action = action
            self.declaration = declaration
            self.wanted = wanted
        }

        /// The creation of a declared definition.
        package init(creating declaration: CronJobDeclaration) {
            self.init(id: declaration.id, action: .create, declaration: declaration, wanted: nil)
        }

        /// The deletion of a definition.
        package init(deleting id: String) {
            self.init(id: id, action: .delete, declaration: nil, wanted: nil)
        }
    }

    /// The source that Redis remembers for what is created or changed.
    public let source: String?
    /// The changes: those of declared definitions in their order, then the deletions.
    public let changes: [Change]
    /// How many definitions are in Redis already as declared.
    public let unchanged: Int
    /// Definitions that say whether they are enabled, and are paused: the pause stays until somebody ends it.
    public let paused: [String]
    /// Definitions that are created or changed, and finished: their end has passed, or they have had all their runs.
    public let finished: [String]
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
            let (before, after) = (field.display(of: old), field.display(of: new))
            let isTold = before != after
            return ApplyPlan.FieldChange(
                field: field.name, old: before, new: isTold ? after : "\(after) (what changed is not shown)")
        }
    }
}
