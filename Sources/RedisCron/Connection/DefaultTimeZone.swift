package import Cron
package import RQWire
import RedisBridge

/// The zone in which expressions are read whose definition names none.
///
/// A scheduler publishes its zone when it begins to lead, and with each heartbeat. The published zone stays when the scheduler
/// is gone, so that a definition means the same to everybody at any time.
public struct DefaultTimeZone: Sendable, Hashable {
    /// The zone.
    package let rules: ZoneRules
    /// Whether a scheduler published it; otherwise it is only what this process assumes.
    public let isPublished: Bool

    /// The zone's name: an IANA name, or a POSIX rule.
    public var name: String { rules.description }

    package init(rules: ZoneRules, isPublished: Bool) {
        self.rules = rules
        self.isPublished = isPublished
    }
}

extension RedisCronConnection {
    /// The zone in which the scheduler reads expressions whose definition names none.
    ///
    /// - Returns: The zone that the present or the last scheduler published, otherwise ``defaultTimeZone``.
    /// - Throws: ``RedisCronError`` with code `.timeZoneUnavailable` if this machine's time zone data does not have the
    ///   published one, and what the connection throws.
    public func timeZoneOfDefinitions() async throws(RedisCronError) -> DefaultTimeZone {
        try await RedisCronError.unifying { try await timeZoneOfDefinitions(assuming: defaultZone) }
    }

    /// As ``timeZoneOfDefinitions()``, with another zone to assume where nobody has published one.
    func timeZoneOfDefinitions(assuming assumed: ZoneRules) async throws -> DefaultTimeZone {
        // A scheduler whose zone has no name publishes an empty one.
        guard let published = try await definitions.publishedZone(), !published.isEmpty else {
            return DefaultTimeZone(rules: assumed, isPublished: false)
        }
        do {
            return DefaultTimeZone(rules: try ZoneRules(notation: published), isPublished: true)
        } catch {
            throw RedisCronError(
                .timeZoneUnavailable,
                "the scheduler's time zone is \(quoted(published)), which is not known here: \(error)")
        }
    }

    /// The zone of definitions that name none, where it is needed; `assumed` otherwise.
    func defaultZone(isNeeded: Bool, assuming assumed: ZoneRules) async throws -> ZoneRules {
        isNeeded ? try await timeZoneOfDefinitions(assuming: assumed).rules : assumed
    }

    /// The zone to compute a definition's times with; Redis is asked only where it depends on the scheduler's.
    func timeZone(for definition: CronJobHash) async throws -> ZoneRules {
        guard definition.usesDefaultTimeZone else { return .utc }
        return try await timeZoneOfDefinitions(assuming: defaultZone).rules
    }

    /// Plans definitions anew that name no zone and whose next run was planned in another zone; see
    /// ``CronStore/planAnew(afterZone:)``.
    func planAnew(afterZone previous: String?, in zone: ZoneRules) async throws -> Int {
        let former = previous.flatMap { try? ZoneRules(notation: $0) }
        var count = 0
        for page in try await definitions.index() {
            for job in try await jobs(ids: page.map(\.id)) {
                try Task.checkCancellation()
                if try await job.planAnew(in: zone, former: former) { count += 1 }
            }
        }
        return count
    }
}

extension RedisCronJob {
    /// Plans the job anew if its next run is not a time of its schedule in this zone, but was one in the former.
    fileprivate func planAnew(in zone: ZoneRules, former: ZoneRules?) async throws -> Bool {
        let now = Timestamp.now
        guard enabled, definition.usesDefaultTimeZone, let next = nextEnqueueTime,
            PlanAudit.isAhead(next, of: now), !isTime(next, in: zone), former.map({ isTime(next, in: $0) }) ?? true
        else { return false }
        var edited = self
        edited.nextEnqueueTime = try edited.nextEnqueueTime(
            after: now, defaultZone: zone, keeping: edited.formerPlan)
        do {
            try await edited.save(event: .updated, newOnly: false, zone: zone, tries: 1)
            return true
        } catch let error as RedisCronError where error.code == .editConflict || error.code == .noSuchJob {
            // Whoever changed it meanwhile read it in this zone, which is published already.
            return false
        }
    }

    private func isTime(_ next: Timestamp, in zone: ZoneRules) -> Bool {
        guard let plan = try? DefinitionCheck(definition).plan(defaultZone: zone) else { return true }
        return PlanAudit(definition, plan: plan, now: next).isOnGrid(next)
    }
}

extension CronJobHash {
    /// Whether its times depend on the scheduler's zone: it has an expression or exclusions and names no zone of its own.
    package var usesDefaultTimeZone: Bool { schedule.usesDefaultTimeZone }
}

extension ScheduleSpec {
    /// Whether its times depend on the scheduler's zone.
    package var usesDefaultTimeZone: Bool {
        (cron?.isEmpty == false || !exclusions.isEmpty) && timeZone?.isEmpty != false
    }
}

extension ZoneRules {
    /// The zone that an option names; `nil` means the process's own.
    package init(option: String, _ name: String?) throws(RedisCronError) {
        guard let name else {
            self = .local()
            return
        }
        do {
            try self.init(notation: name)
        } catch {
            throw RedisCronError(
                error.isFaultOfMachine ? .timeZoneUnavailable : .invalidOption, field: option, String(describing: error)
            )
        }
    }
}
