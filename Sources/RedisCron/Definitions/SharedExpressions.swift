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
    private var expressions = SharedExpressions()

    /// The reading without a definition that nobody could run; RQ's history keys count as missing.
    mutating func checked(_ reading: Reading<StoredDefinition>, id: DefinitionID) -> Reading<StoredDefinition> {
        // A hash there would be a definition, with an id that no definition may have.
        if case .unreadable(nil, _) = reading, id.isHistoryKey { return .missing }
        return reading.checked { definition, zone throws(RedisCronError) in
            try expressions.compile(definition, zone)
        }
    }
}
