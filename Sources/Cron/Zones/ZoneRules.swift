#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// The offset from UTC of a time zone at any instant, past or future.
///
/// The rules come from the system's compiled time zone data (TZif). After its last entry, the rule in the file's footer
/// applies. A value is immutable and cheap to copy.
package struct ZoneRules: Sendable, Hashable, CustomStringConvertible {
    /// The zone's name: an IANA one such as `Europe/Berlin`, or what `TZ` says for ``local()``.
    package let identifier: String
    /// A text by which other machines know the zone: its IANA name or a POSIX rule; `nil` for a file without either.
    package let notation: String?

    let table: ZoneTable

    init(identifier: String, notation: String? = nil, table: ZoneTable) {
        self.identifier = identifier
        self.notation = notation
        self.table = table
    }

    /// The zone of an IANA name, `Europe/Berlin`.
    ///
    /// Names are case sensitive. The first use of a name reads a file; later ones use the copy in memory, for the life of the
    /// process. `UTC`, `GMT` and the fixed offsets `Etc/GMT+12` to `Etc/GMT-14` need no file.
    ///
    /// - Throws: ``ZoneRulesError`` when the system knows no such zone, has no time zone data, or the zone's file is
    ///   damaged. POSIX rules (`CET-1CEST`), paths and the copies under `posix/` and `right/` are not names. Neither are
    ///   `localtime` and `posixrules`, which each machine chooses for itself.
    package init(identifier: String) throws(ZoneRulesError) {
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
            // A name such as EST5EDT is a rule too, and may have no file.
            guard notation.utf8.count <= 255, let rules = ZoneRules(rule: notation) else { throw error }
            self = rules
        }
    }

    /// A zone without changes.
    init(name: String, offset: Int) {
        self.init(identifier: name, notation: name, table: ZoneTable(offset: offset, transitions: []))
    }

    /// The zone of a POSIX rule; `nil` when the text is not one.
    init?(rule: String) {
        guard let parsed = POSIXTimeZone(rule.utf8) else { return nil }
        self.init(identifier: rule, notation: rule, table: ZoneTable(rule: parsed))
    }

    /// The zone of a file that was found under a name, or under a path of this machine.
    ///
    /// A name that other machines would not know is replaced by the rule of the file's footer, which holds for the future.
    init(_ file: TZifFile, name: String?, otherwise identifier: String) {
        let plain = name.map { $0.hasPrefix("posix/") ? String($0.dropFirst(6)) : $0 }
        let shared = plain.flatMap { SystemZones.isName($0) ? $0 : nil }
        self.init(identifier: name ?? identifier, notation: shared ?? file.ruleText, table: file.table)
    }

    /// Coordinated Universal Time.
    package static let utc = ZoneRules(name: "UTC", offset: 0)

    /// The zone that this process calls local: the rules of ``LocalZone/current()``.
    ///
    /// It is read at each call.
    package static func local() -> ZoneRules { LocalZone.current().rules }

    /// Seconds east of UTC at an instant, given as a Unix time.
    ///
    /// Instants before the year 1 count as its beginning, those after the year 9999 as its end.
    package func offset(at instant: Int64) -> Int {
        table.span(at: min(max(Int(instant), CronExpression.firstInstant), CronExpression.lastInstant)).offset
    }

    /// The identifier.
    package var description: String { identifier }
}

/// The zones that this process has read, by identifier, so that each file is read once.
///
/// Only zones that exist are kept, so the system's own list bounds the cache. If the system's data is updated, the next
/// process sees it, as with the C library.
///
/// `@unchecked Sendable` is safe because `zones` is only touched while the mutex is locked, and the mutex lives as long as
/// the object and never moves. (`Synchronization.Mutex` would need no proof, but ThreadSanitizer cannot see it on Linux and
/// reports false races. `RedisBridge` has the same lock as `Guarded`; this module depends on no other.)
private final class ZoneRulesCache: @unchecked Sendable {
    static let shared = ZoneRulesCache()

    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private var zones: [String: ZoneRules] = [:]

    init() {
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deinitialize(count: 1)
        mutex.deallocate()
    }

    subscript(identifier: String) -> ZoneRules? {
        get {
            pthread_mutex_lock(mutex)
            defer { pthread_mutex_unlock(mutex) }
            return zones[identifier]
        }
        set {
            pthread_mutex_lock(mutex)
            defer { pthread_mutex_unlock(mutex) }
            zones[identifier] = newValue
        }
    }
}
