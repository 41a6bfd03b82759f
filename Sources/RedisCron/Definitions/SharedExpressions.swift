import Cron
import RQWire

/// Parses the expressions of many definitions, each text once: thousands of definitions share a few of them.
struct SharedExpressions {
    private struct Key: Hashable {
        let expression: String
        let zone: String?
    }

    /// How many are remembered before all are forgotten, so that they do not pile up.
    private static let remembered = 50_000

    private var compiled: [Key: CompiledCron] = [:]

    /// The expression of a definition, in its zone.
    ///
    /// - Parameter zone: That of the definition; where it names none, it must be the same in each call.
    /// - Throws: ``RedisCronError`` with code `.invalidDefinition`.
    mutating func compile(
        _ definition: CronJobHash, _ zone: ZoneRules
    ) throws(RedisCronError) -> CompiledCron {
        let text = definition.schedule.cron ?? ""
        // A hashed field means something else for each id.
        guard !text.utf8.contains(where: { $0 | 0x20 == UInt8(ascii: "h") }) else {
            return try DefinitionCheck.compile(definition, zone)
        }
        let key = Key(expression: text, zone: definition.schedule.timeZone)
        if let known = compiled[key] { return known }
        let cron = try DefinitionCheck.compile(definition, zone)
        if compiled.count >= Self.remembered { compiled = [:] }
        compiled[key] = cron
        return cron
    }
}

/// Checks many definitions, and remembers the expressions that they share.
struct SharedCheck {
    /// A definition that makes sense, and its schedule; `nil` where its zone is not known here.
    typealias Planned = (stored: StoredDefinition, plan: RunPlan?)

    private let defaultZone: ZoneRules?
    private var expressions = SharedExpressions()

    /// - Parameter defaultZone: The zone of definitions that name none; `nil` where it is not known here, or nobody asks for their
    ///   schedules.
    init(defaultZone: ZoneRules? = nil) {
        self.defaultZone = defaultZone
    }

    /// The reading without a definition that nobody could run; RQ's history keys count as missing.
    mutating func checked(_ reading: Reading<StoredDefinition>, id: DefinitionID) -> Reading<StoredDefinition> {
        planned(reading, id: id).flatMap { .found($0.stored) }
    }

    /// As ``checked(_:id:)``, with the schedule, which the check had to make.
    mutating func planned(_ reading: Reading<StoredDefinition>, id: DefinitionID) -> Reading<Planned> {
        // A hash there would be a definition, with an id that no definition may have.
        if case .unreadable(nil, _) = reading, id.isHistoryKey { return .missing }
        return reading.checked { stored throws(RedisCronError) in
            let plan = try DefinitionCheck(stored.definition).validate(defaultZone: defaultZone ?? .utc) {
                definition, zone throws(RedisCronError) in
                try expressions.compile(definition, zone)
            }
            let isZoneKnown = defaultZone != nil || !stored.definition.usesDefaultTimeZone
            return (stored, isZoneKnown ? plan : nil)
        }
    }
}
