/// A time zone: which offset from UTC holds at which instant, past and future.
///
/// The rules come from the system's compiled time zone data (TZif), and beyond its last entry from the rule in the
/// file's footer. A value is immutable and cheap to copy.
public struct ZoneRules: Sendable, Hashable, CustomStringConvertible {
    /// The zone's name: an IANA one such as `Europe/Berlin`, or what `TZ` says for ``local()``.
    public let identifier: String
    /// What other machines know the zone by: its IANA name, or a POSIX rule; `nil` for a file without either.
    package let notation: String?

    let table: ZoneTable

    init(identifier: String, notation: String? = nil, table: ZoneTable) {
        self.identifier = identifier
        self.notation = notation
        self.table = table
    }

    /// The zone of an IANA name, `Europe/Berlin`.
    ///
    /// Names are compared as written, letter case included. The first use of a name reads a file; later ones find it in
    /// memory, for the life of the process. `UTC`, `GMT` and the fixed offsets `Etc/GMT+12` to `Etc/GMT-14` need no file.
    ///
    /// - Throws: ``ZoneRulesError`` when the system knows no such zone, has no time zone data, or the zone's file is
    ///   damaged. POSIX rules (`CET-1CEST`), paths, the copies under `posix/` and `right/`, and `localtime` and
    ///   `posixrules`, which each machine chooses for itself, are no names.
    public init(identifier: String) throws(ZoneRulesError) {
        if let offset = SystemZones.fixedOffset(ofName: identifier) {
            self.init(name: identifier, offset: offset)
            return
        }
        if let known = ZoneRulesCache.shared[identifier] {
            self = known
            return
        }
        guard SystemZones.isName(identifier) else { throw .unknown(identifier) }
        guard let bytes = SystemZones.contents(of: identifier) else { throw .missing(identifier) }
        guard let file = TZifFile(bytes) else { throw .unreadable(identifier) }
        self.init(identifier: identifier, notation: identifier, table: file.table)
        ZoneRulesCache.shared[identifier] = self
    }

    /// The zone of a ``notation``.
    ///
    /// - Throws: ``ZoneRulesError`` as ``init(identifier:)``.
    package init(notation: String) throws(ZoneRulesError) {
        do {
            try self.init(identifier: notation)
        } catch {
            // Also where a name that is a rule too, such as EST5EDT, has no file.
            guard notation.utf8.count <= 255, let rules = ZoneRules(rule: notation) else { throw error }
            self = rules
        }
    }

    /// A zone without changes.
    init(name: String, offset: Int) {
        self.init(identifier: name, notation: name, table: ZoneTable(offset: offset, transitions: []))
    }

    /// The zone of a POSIX rule; `nil` when the text is none.
    init?(rule: String) {
        guard let parsed = POSIXTimeZone(rule.utf8) else { return nil }
        self.init(identifier: rule, notation: rule, table: ZoneTable(rule: parsed))
    }

    /// The zone of a file that was found under a name, or under something else that identifies it here.
    ///
    /// Where the name says nothing elsewhere, the rule of the file's footer does, for all times to come.
    init(_ file: TZifFile, name: String?, otherwise identifier: String) {
        let plain = name.map { $0.hasPrefix("posix/") ? String($0.dropFirst(6)) : $0 }
        let shared = plain.flatMap { SystemZones.isName($0) ? $0 : nil }
        self.init(identifier: name ?? identifier, notation: shared ?? file.ruleText, table: file.table)
    }

    /// Coordinated Universal Time.
    public static let utc = ZoneRules(name: "UTC", offset: 0)

    /// The zone that this process calls local: the rules of ``LocalZone/current()``.
    ///
    /// Read anew at each call.
    public static func local() -> ZoneRules { LocalZone.current().rules }

    /// Seconds east of UTC at an instant, given as a Unix time.
    ///
    /// Instants before the year 1 and after the year 9999 count as its beginning and its end.
    public func offset(at instant: Int64) -> Int {
        table.span(at: min(max(Int(instant), CronExpression.firstInstant), CronExpression.lastInstant)).offset
    }

    /// The identifier.
    public var description: String { identifier }
}
