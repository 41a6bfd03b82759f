/// Why a time zone is not available.
package struct ZoneRulesError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong; more cases may be added.
    package struct Code: Sendable, Hashable {
        private enum Value { case unknownZone, unreadableData, noData, legacyName }
        private let value: Value

        /// The system's time zone data has no zone of that name.
        package static let unknownZone = Code(value: .unknownZone)
        /// The system's file of that name is not valid time zone data.
        package static let unreadableData = Code(value: .unreadableData)
        /// The machine has no time zone data, so the name cannot be checked.
        package static let noData = Code(value: .noData)
        /// An old name of a zone, whose file the machine's time zone data lacks.
        package static let legacyName = Code(value: .legacyName)
    }

    /// What went wrong.
    package let code: Code
    /// The zone's name as it was given.
    package let identifier: String

    /// Whether what this machine has installed is at fault, not the name.
    package var isFaultOfMachine: Bool { code != .unknownZone }

    /// A sentence for a person, on one line: what does not print is escaped, and a long name is cut.
    package var description: String {
        switch code {
        case .unreadableData: "the system's data for time zone \(QuotedText(identifier)) is not a valid TZif file"
        case .noData:
            "this machine has no time zone data, so only UTC, GMT and Etc/GMT+12 to Etc/GMT-14 are known: install the "
                + "package tzdata"
        case .legacyName:
            "time zone \(QuotedText(identifier)) is an old name, which this machine's time zone data lacks: install the "
                + "package tzdata-legacy"
        default:
            "unknown time zone \(QuotedText(identifier)): expected a name from the system's time zone data, "
                + "such as \"Europe/Berlin\" or \"UTC\""
        }
    }

    /// The error of a machine without time zone data; `nil` where there is some.
    package static func ofMachine() -> ZoneRulesError? {
        SystemZones.hasData ? nil : ZoneRulesError(code: .noData, identifier: "")
    }

    static func unknown(_ identifier: String) -> ZoneRulesError {
        ZoneRulesError(code: .unknownZone, identifier: identifier)
    }

    static func unreadable(_ identifier: String) -> ZoneRulesError {
        ZoneRulesError(code: .unreadableData, identifier: identifier)
    }

    /// Why a well-formed name has no file.
    static func missing(_ identifier: String) -> ZoneRulesError {
        guard SystemZones.hasData else { return ZoneRulesError(code: .noData, identifier: identifier) }
        let isLegacy = SystemZones.legacyNames.contains(identifier)
        return ZoneRulesError(code: isLegacy ? .legacyName : .unknownZone, identifier: identifier)
    }
}
