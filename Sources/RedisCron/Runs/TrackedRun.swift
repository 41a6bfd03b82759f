package import RQWire

/// A run that was queued and of which it is to be found out what becomes, as Redis holds it.
///
/// It stands in a ``RunPortion`` first. Later on it is a member of one of two sorted sets in which all scores are 0, so that those of one
/// definition stand together, oldest first: the runs that are open, and those that are over and could be brought back, as by a requeue.
/// The member is a JSON array, see ``member``.
package struct TrackedRun: Sendable, Hashable {
    package let definition: DefinitionID
    package let jobID: RQJobID
    /// `nil` for a run outside of the schedule.
    package let planned: Timestamp?
    /// When it was queued.
    package let at: Timestamp
    package let reason: RunReason
    /// What of its definition decides how RQ treats its job.
    package let terms: RunTerms
    /// How many runs its definition keeps, where it says so itself.
    package let history: Int?

    package init(
        definition: DefinitionID, jobID: RQJobID, planned: Timestamp?, at: Timestamp, reason: RunReason,
        terms: RunTerms, history: Int?
    ) {
        self.definition = definition
        self.jobID = jobID
        self.planned = planned
        self.at = at
        self.reason = reason
        self.terms = terms
        self.history = history
    }

    /// The member of the sorted set: `["id",at,planned,"reason","job","queue",result_ttl,failure_ttl,ttl,retries,timeout,history]`.
    ///
    /// Times are microseconds since 1970. The job's id is empty where it follows from id and planned time; what is not set is null.
    package var member: [UInt8] { json.compactBytes }

    /// The member, before it is text.
    var json: JSONValue {
        let own = planned.map { RQJobID.planned(definition: definition.bytes, at: $0) }
        let fields: [JSONValue] = [
            .string(definition.display), .int(Int(at.microseconds)), planned.json, .string(reason.rawValue),
            .string(own == jobID ? "" : jobID.description), .string(terms.queue), .int(terms.resultTTL),
            terms.failureTTL.json, terms.ttl.json, .int(terms.retries), .int(terms.timeout), history.json,
        ]
        return .array(fields)
    }

    /// Reads a member; `nil` for anything else.
    package init?(member: [UInt8]) {
        guard let json = try? JSONValue(parsing: member) else { return nil }
        self.init(json)
    }

    init?(_ json: JSONValue) {
        guard let fields = json.array, fields.count == 12, let id = fields[0].string,
            let at = fields[1].instant, let reason = fields[3].string.flatMap(RunReason.init),
            let job = fields[4].string, let queue = fields[5].string, let resultTTL = fields[6].int
        else { return nil }
        let definition = DefinitionID(id)
        let planned = fields[2].instant
        let own = job.isEmpty ? planned.map { RQJobID.planned(definition: definition.bytes, at: $0) } : RQJobID(job)
        guard let jobID = own else { return nil }
        self.init(
            definition: definition, jobID: jobID, planned: planned, at: at, reason: reason,
            terms: RunTerms(
                queue: queue, resultTTL: resultTTL, failureTTL: fields[7].int, ttl: fields[8].int,
                retries: fields[9].int ?? 0, timeout: fields[10].int ?? RunTerms.usualTimeout),
            history: fields[11].int)
    }

    /// The range of the members of one definition, as `ZRANGEBYLEX` takes it.
    package static func range(of definition: DefinitionID) -> (from: [UInt8], to: [UInt8]) {
        let start = Array("[[".utf8) + JSONValue.string(definition.display).compactBytes + [UInt8(ascii: ",")]
        // Digits follow, and a colon comes after the last of them. A time before 1970 begins with a minus, which sorts before digits.
        return (start, start + [UInt8(ascii: ":")])
    }
}

/// What of a definition decides how RQ treats a job, and when it forgets it.
package struct RunTerms: Sendable, Hashable {
    package let queue: String
    /// Seconds that a success is kept; 0 not at all, negative without expiry.
    package let resultTTL: Int
    /// Seconds that a failure is kept; `nil` for the worker's default, a year.
    package let failureTTL: Int?
    /// Seconds that it may wait in its queue.
    package let ttl: Int?
    /// How many times it is tried again when it fails.
    package let retries: Int
    /// Seconds that it may run; negative for no limit.
    package let timeout: Int

    /// RQ's time-out for a job that is given none.
    package static let usualTimeout = 180

    package init(
        queue: String, resultTTL: Int, failureTTL: Int?, ttl: Int?, retries: Int, timeout: Int = RunTerms.usualTimeout
    ) {
        self.queue = queue
        self.resultTTL = resultTTL
        self.failureTTL = failureTTL
        self.ttl = ttl
        self.retries = retries
        self.timeout = timeout
    }
}

extension JSONValue {
    /// As text without blanks, in ASCII.
    var compactBytes: [UInt8] {
        var bytes: [UInt8] = []
        appendPythonJSON(to: &bytes)
        return bytes
    }

    /// Microseconds since 1970.
    var instant: Timestamp? { int.map { Timestamp(microseconds: Int64($0)) } }
}

extension Timestamp? {
    /// Microseconds since 1970, or null.
    var json: JSONValue { self.map { .int(Int($0.microseconds)) } ?? .null }
}

extension Int? {
    /// The number, or null.
    var json: JSONValue { self.map(JSONValue.int) ?? .null }
}
