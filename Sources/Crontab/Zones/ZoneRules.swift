/// A time zone: which offset from UTC holds at which instant, past and future.
///
/// The rules come from the system's compiled time zone data (TZif), and beyond its last entry from the rule in the
/// file's footer. A value is immutable and cheap to copy.
public struct ZoneRules: Sendable, Hashable, CustomStringConvertible {
    /// The zone's name: an IANA one such as `Europe/Berlin`, or what `TZ` says for ``local()``.
    public let identifier: String

    let table: ZoneTable

    init(identifier: String, table: ZoneTable) {
        self.identifier = identifier
        self.table = table
    }

    /// The zone of an IANA name, `Europe/Berlin`.
    ///
    /// Names are compared as written, letter case included. The first use of a name reads a file; later ones find it in
    /// memory, for the life of the process.
    ///
    /// - Throws: ``ZoneRulesError`` when the system knows no such zone, or its file is damaged. POSIX rules
    ///   (`CET-1CEST`), paths, the copies under `posix/` and `right/`, and `localtime` and `posixrules`, which each machine
    ///   chooses for itself, are no names.
    public init(identifier: String) throws(ZoneRulesError) {
        if let known = ZoneRulesCache.shared[identifier] {
            self = known
            return
        }
        guard SystemZones.isName(identifier), let bytes = SystemZones.contents(of: identifier) else {
            throw .unknown(identifier)
        }
        guard let file = TZifFile(bytes) else { throw .unreadable(identifier) }
        self.init(identifier: identifier, table: file.table)
        ZoneRulesCache.shared[identifier] = self
    }

    /// Coordinated Universal Time.
    public static let utc = ZoneRules(identifier: "UTC", table: ZoneTable(offset: 0, transitions: []))

    /// The zone that this process calls local, as the C library and so RQ see it.
    ///
    /// From the variable `TZ` when it is set: a zone's name, with or without a colon before it, the path of a TZif file, or
    /// a POSIX rule such as `CET-1CEST,M3.5.0,M10.5.0/3`; empty or not understood means UTC. Without it, from
    /// `/etc/localtime`, and UTC when there is none. Read anew at each call.
    public static func local() -> ZoneRules {
        SystemZones.local(variable: SystemFiles.environment("TZ"))
    }

    /// Seconds east of UTC at an instant, given as a Unix time.
    ///
    /// Instants before the year 1 and after the year 9999 count as its beginning and its end.
    public func offset(at instant: Int64) -> Int {
        table.span(at: min(max(Int(instant), CronExpression.firstInstant), CronExpression.lastInstant)).offset
    }

    /// The identifier.
    public var description: String { identifier }
}
