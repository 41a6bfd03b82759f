import Cron
import RedisCron

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension CommandOption {
    static let timeZone = CommandOption(
        "timezone", value: .required("ZONE"),
        summary: """
            The time zone of cron expressions that have none, such as Europe/Berlin. Default: the scheduler's, else the \
            local one.
            """,
        completion: .timeZones)
}

extension ParsedArguments {
    /// `--timezone`.
    ///
    /// - Throws: ``UsageError`` when there is no such zone; ``CommandFailure`` when this machine lacks the data.
    func timeZone() throws -> ZoneRules? {
        guard let name = text(.timeZone) else { return nil }
        do {
            return try ZoneRules(identifier: name)
        } catch  where error.isFaultOfMachine {
            throw CommandFailure("--timezone \(name): \(error)")
        } catch {
            let hint = Spelling.closest(to: name, among: TimeZoneNames.all()).map { ". Did you mean '\($0)'?" } ?? ""
            throw UsageError("--timezone: \(error)\(hint)")
        }
    }
}

extension Invocation {
    /// `--timezone`, else the local zone.
    ///
    /// A local zone that is set but cannot be used causes a warning on standard error.
    func zone() throws -> ZoneRules {
        if let zone = try arguments.timeZone() { return zone }
        let local = LocalZone.current()
        if let warning = local.warning { StandardError.warn(warning.onOneLine) }
        return local.rules
    }

    /// The zone of definitions that name none: `--timezone`, else the published one, else the local one.
    ///
    /// Only for commands that show times. `--timezone` does not change what a definition means, so no note follows.
    func zoneToShow(_ connection: RedisCronConnection) async throws -> DefaultTimeZone {
        if let zone = try arguments.timeZone() { return DefaultTimeZone(rules: zone, isPublished: true) }
        return try await connection.timeZoneOfDefinitions()
    }
}

extension DefaultTimeZone {
    /// The note about a zone that no scheduler has published.
    var note: String {
        "no scheduler has published its time zone yet: definitions that name none are read in \(rules)".onOneLine
    }

    /// Writes the note to standard error if the times of these definitions depend on an unpublished zone.
    func tellIfAssumed(for jobs: some Sequence<RedisCronJob>) {
        if jobs.contains(where: { $0.definition.usesDefaultTimeZone }) { tellIfAssumed() }
    }

    /// Writes the note to standard error if the zone is unpublished, for definitions whose times depend on it.
    func tellIfAssumed() {
        guard !isPublished else { return }
        StandardError.write("rqrcron: \(note)\n")
    }
}

extension RedisCronConnection {
    /// The zone of definitions that name none; nil if all of these name one.
    func timeZoneOfDefinitions(unlessUnneededBy jobs: [RedisCronJob]) async throws -> DefaultTimeZone? {
        guard jobs.contains(where: { $0.definition.usesDefaultTimeZone }) else { return nil }
        return try await timeZoneOfDefinitions()
    }
}

/// The names in the system's time zone database.
struct TimeZoneNames {
    /// The canonical names and `UTC`; none if the database has no list.
    static func all() -> [String] {
        for name in ["zone1970.tab", "zone.tab"] {
            let names = list("/usr/share/zoneinfo/\(name)")
            if !names.isEmpty { return (names + ["UTC"]).sorted() }
        }
        return []
    }

    /// The third column of a file such as `zone1970.tab`.
    private static func list(_ path: String) -> [String] {
        guard let file = fopen(path, "r") else { return [] }
        defer { fclose(file) }
        var names: [String] = []
        var line = [CChar](repeating: 0, count: 1024)
        while fgets(&line, CInt(line.count), file) != nil {
            let text = line.withUnsafeBufferPointer { buffer in
                buffer.baseAddress.map { String(cString: $0) } ?? ""
            }
            let columns = text.split(separator: "\n").first?.split(separator: "\t") ?? []
            if !text.hasPrefix("#"), columns.count >= 3 { names.append(String(columns[2])) }
        }
        return names
    }
}
