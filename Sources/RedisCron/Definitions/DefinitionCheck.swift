import Cron
import RQWire

/// Decides whether a definition makes sense, and what its schedule is.
///
/// The same rules hold when a definition is written and when it is read: both name what RQ or the scheduler could not run.
struct DefinitionCheck {
    // Its parts are named in full here: through the key paths of its members each would cost as much as ten comparisons,
    // and every definition that is read comes by.
    let definition: CronJobHash

    init(_ definition: CronJobHash) {
        self.definition = definition
    }

    /// Checks that the definition makes sense.
    ///
    /// A zone that is only missing from this machine's time zone data is not a fault of the definition.
    ///
    /// - Parameters:
    ///   - defaultZone: The zone that counts where it names none; its faults do not depend on that.
    ///   - compile: Parses an expression.
    /// - Returns: The schedule; `nil` where this machine does not know the zone.
    /// - Throws: ``RedisCronError`` with code `.invalidDefinition`, naming the field and the reason.
    @discardableResult
    func validate(
        defaultZone: ZoneRules = .utc,
        compile: (CronJobHash, ZoneRules) throws(RedisCronError) -> CompiledCron = DefinitionCheck.compile
    ) throws(RedisCronError) -> RunPlan? {
        do {
            return try plan(defaultZone: defaultZone, compile: compile)
        } catch {
            // The faults of an expression do not depend on its zone.
            guard error.code == .timeZoneUnavailable else { throw error }
            if definition.schedule.interval == nil { _ = try Self.compile(definition, .utc) }
            return nil
        }
    }

    /// The schedule, ready to compute with.
    ///
    /// - Parameter compile: Parses an expression; a loader of many definitions passes one that remembers.
    /// - Throws: ``RedisCronError`` with code `.invalidDefinition`, naming the field and the reason, or
    ///   `.timeZoneUnavailable` where this machine's time zone data lacks the zone.
    func plan(
        defaultZone: ZoneRules,
        compile: (CronJobHash, ZoneRules) throws(RedisCronError) -> CompiledCron = DefinitionCheck.compile
    ) throws(RedisCronError) -> RunPlan {
        try checkNames()
        try checkValues()
        let plan = try grid(defaultZone: defaultZone, compile: compile)
        try checkPolicy()
        return try bounded(plan, defaultZone: defaultZone)
    }

    /// The schedule without its bounds.
    private func grid(
        defaultZone: ZoneRules, compile: (CronJobHash, ZoneRules) throws(RedisCronError) -> CompiledCron
    ) throws(RedisCronError) -> RunPlan {
        let cron = definition.schedule.cron.flatMap { $0.isEmpty ? nil : $0 }
        switch (definition.schedule.interval, cron) {
        case (let interval?, nil):
            // A zone without an expression has no effect, but a wrong one would fail whoever adds an expression.
            if definition.schedule.timeZone != nil { _ = try zone(defaultZone) }
            return .interval(seconds: Int64(interval.wholeSeconds))
        case (nil, _?):
            return .cron(try compile(definition, try zone(defaultZone)))
        case (_?, _?):
            throw refusal("interval", "given together with cron: exactly one of the two is expected")
        case (nil, nil):
            throw refusal("interval", "missing, and so is cron: exactly one of the two is expected")
        }
    }

    /// Parses the expression of a definition.
    static func compile(_ definition: CronJobHash, _ zone: ZoneRules) throws(RedisCronError) -> CompiledCron {
        do {
            return CompiledCron(
                expression: try CronExpression(definition.schedule.cron ?? "", id: definition.id), zone: zone)
        } catch {
            throw RedisCronError.invalid("cron", String(describing: error), id: definition.id)
        }
    }

    private func checkNames() throws(RedisCronError) {
        if definition.id.isEmpty { throw RedisCronError.invalid("id", "must not be empty") }
        if DefinitionID(definition.id).isHistoryKey {
            throw refusal("id", "must not end in ':jobs': RQ keeps the history of a name under such a key")
        }
        if definition.call.queueName.isEmpty { throw refusal("queue_name", "must not be empty") }
        do {
            _ = try PythonFunctionName(definition.call.functionName)
        } catch {
            throw refusal("func_name", String(describing: error))
        }
    }

    private func checkValues() throws(RedisCronError) {
        if let (field, complaint) = CronJobHash.Field.firstComplaint(about: definition) {
            throw refusal(field.name, complaint)
        }
        if let name = definition.call.plannedTimeArgument, definition.call.kwargs[JSONString(name)] != nil {
            throw refusal("planned_time_arg", "is \(quoted(name)), which kwargs has too: expected another name")
        }
    }

    /// The schedule with its bounds, where it has any.
    private func bounded(_ plan: RunPlan, defaultZone: ZoneRules) throws(RedisCronError) -> RunPlan {
        let (start, end) = (definition.schedule.startTime, definition.schedule.endTime)
        let (items, jitter) = (definition.schedule.exclusions, definition.schedule.jitter)
        guard start != nil || end != nil || !items.isEmpty || jitter != nil else { return plan }
        if let start, let end, end < start { throw refusal("end_time", "\(end) is before start_time, \(start)") }
        var exclusions: Exclusions?
        if !items.isEmpty {
            do {
                exclusions = try Exclusions(items, id: definition.id)
            } catch {
                throw refusal("exclude", String(describing: error))
            }
        }
        return .bounded(
            BoundedPlan(
                plan, id: Array(definition.id.utf8), start: start, end: end, exclusions: exclusions,
                zone: items.isEmpty ? .utc : try zone(defaultZone), jitter: jitter))
    }

    /// Checks what is refused where a definition is written, and does no harm where it is read: Python may make an interval
    /// shorter than the jitter, which is cut off then.
    ///
    /// - Throws: ``RedisCronError`` with code `.invalidDefinition`, naming the field and the reason.
    func checkAtTheDoor() throws(RedisCronError) {
        guard let jitter = definition.schedule.jitter, let interval = definition.schedule.interval, jitter >= interval
        else { return }
        throw refusal(
            "jitter", "must be shorter than the interval, \(interval.wholeSeconds) s, not \(jitter.wholeSeconds)")
    }

    private func checkPolicy() throws(RedisCronError) {
        let (overlap, catchUp) = (definition.policy.overlap, definition.policy.catchUp)
        if catchUp == .all, overlap == .skip || overlap == .replace {
            throw refusal(
                "catchup", "all does not go with overlap \(overlap.rawValue), which would drop what is caught up")
        }
    }

    private func zone(_ defaultZone: ZoneRules) throws(RedisCronError) -> ZoneRules {
        guard let identifier = definition.schedule.timeZone, !identifier.isEmpty else { return defaultZone }
        do {
            return try ZoneRules(identifier: identifier)
        } catch {
            let code: RedisCronError.Code = error.isFaultOfMachine ? .timeZoneUnavailable : .invalidDefinition
            throw RedisCronError(code, id: definition.id, field: "timezone", String(describing: error))
        }
    }

    private func refusal(_ field: String, _ message: String) -> RedisCronError {
        .invalid(field, message, id: definition.id)
    }
}
