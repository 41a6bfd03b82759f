/// Why a time zone is not available.
public struct ZoneRulesError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong; more cases may be added.
    public struct Code: Sendable, Hashable {
        private enum Value { case unknownZone, unreadableData }
        private let value: Value

        /// The system's time zone data has no zone of that name.
        public static let unknownZone = Code(value: .unknownZone)
        /// The system has a file of that name, and it is not valid time zone data.
        public static let unreadableData = Code(value: .unreadableData)
    }

    /// What went wrong.
    public let code: Code
    /// The zone's name as it was given.
    public let identifier: String

    /// A sentence for a person, on one line: what does not print is escaped, and a long name is cut.
    public var description: String {
        switch code {
        case .unreadableData: "the system's data for time zone \(QuotedText(identifier)) is not a valid TZif file"
        default:
            "unknown time zone \(QuotedText(identifier)): expected a name from the system's time zone data, "
                + "such as \"Europe/Berlin\" or \"UTC\""
        }
    }

    static func unknown(_ identifier: String) -> ZoneRulesError {
        ZoneRulesError(code: .unknownZone, identifier: identifier)
    }

    static func unreadable(_ identifier: String) -> ZoneRulesError {
        ZoneRulesError(code: .unreadableData, identifier: identifier)
    }
}
