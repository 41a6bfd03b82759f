import Cron
import RedisCron

extension Invocation {
    /// `--timezone`, else the local zone.
    ///
    /// A local zone that is set and cannot be used is told on standard error.
    func zone() throws -> ZoneRules {
        if let zone = try arguments.timeZone() { return zone }
        let local = LocalZone.current()
        if let warning = local.warning { StandardError.write("rqrcron: warning: \(warning.onOneLine)\n") }
        return local.rules
    }

    /// The zone in which to read definitions that name none: `--timezone`, else the published one, else the local one.
    ///
    /// For commands that only show times: a zone that was asked for is no change of what a definition means.
    func zoneToShow(_ connection: RedisCronConnection) async throws -> DefaultTimeZone {
        if let zone = try arguments.timeZone() { return DefaultTimeZone(rules: zone, isPublished: true) }
        return try await connection.timeZoneOfDefinitions()
    }
}

extension DefaultTimeZone {
    /// What to say of a zone that nobody has published.
    var note: String {
        "no scheduler has published its time zone yet: definitions that name none are read in \(rules)".onOneLine
    }

    /// Tells on standard error that the times of these definitions depend on who looks, if they do.
    func tellIfAssumed(for jobs: some Sequence<RedisCronJob>) {
        guard !isPublished, jobs.contains(where: { $0.definition.usesDefaultTimeZone }) else { return }
        StandardError.write("rqrcron: \(note)\n")
    }
}

extension RedisCronConnection {
    /// The zone of definitions that name none, where any of these is one.
    func timeZoneOfDefinitions(unlessUnneededBy jobs: [RedisCronJob]) async throws -> DefaultTimeZone? {
        guard jobs.contains(where: { $0.definition.usesDefaultTimeZone }) else { return nil }
        return try await timeZoneOfDefinitions()
    }
}
