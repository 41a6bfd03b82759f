package import RQWire

/// What one call of a script did, as it wrote it into the log of runs: which runs were queued or refused.
///
/// The log is a list of such entries, one a call, so that recording costs the hot path next to nothing. The leader takes them off and
/// puts what they say where it is read; if it dies, the next one does.
///
/// An entry is a JSON object: `c`, what became of each run, a character each (see `enqueue_batch.lua`); `x`, the ids of jobs that were
/// taken out for another run; `at`, when; `q`, the terms of jobs, each once, as `[queue,result_ttl,failure_ttl,ttl,retries,timeout]`; `r`, the
/// runs in the order of `c`, as `[id,planned,terms,reason,history,job,missed]` without what is null at the end, or 0 for one that is not
/// recorded. Planned times are microseconds after `at`, so negative for nearly all. `terms` is a place in `q` from 0. `reason` is null for
/// `schedule`; where only the schedule moved, it is that of the refusal. `missed` is `[first,last,count,more]`: planned times after this
/// one that it stands for. All of this is as short as it can be: what each run adds to a batch is paid for by the byte.
package struct RunLogEntry: Sendable {
    /// One run, and what became of it.
    package enum Line: Sendable, Hashable {
        /// It was queued.
        case queued(TrackedRun)
        /// Planned times were refused.
        case refused(DefinitionID, RefusedTimes, history: Int?)
    }

    /// What happened, in order.
    package private(set) var lines: [Line] = []
    /// The ids of jobs that were taken out for a run that replaces them.
    package private(set) var removed: [String] = []
    package let at: Timestamp

    // MARK: Reading

    /// Reads an entry; `nil` for anything else.
    package init?(_ bytes: [UInt8]) {
        guard let object = (try? JSONValue(parsing: bytes))?.object, let codes = object["c"]?.string,
            let at = object["at"]?.instant, let terms = object["q"]?.array, let runs = object["r"]?.array
        else { return nil }
        self.at = at
        removed = object["x"]?.array?.compactMap(\.string) ?? []
        let known = terms.map { RunTerms($0) }
        for (code, run) in zip(codes.utf8, runs) {
            guard let fields = run.array, let outcome = JobOutcome(rawValue: code) else { continue }
            lines += Self.lines(
                outcome, fields + Array(repeating: .null, count: max(0, 7 - fields.count)), known, at: at)
        }
    }

    private static func lines(
        _ outcome: JobOutcome, _ fields: [JSONValue], _ terms: [RunTerms?], at: Timestamp
    ) -> [Line] {
        guard let id = fields[0].string else { return [] }
        let definition = DefinitionID(id)
        let planned = fields[1].instant(after: at)
        let reason = fields[3].string ?? RunReason.schedule.rawValue
        let history = fields[4].int
        let missed = MissedTimes(fields[6], after: at)
        func refused(_ reason: RefusalReason, from first: Timestamp) -> Line {
            .refused(
                definition,
                RefusedTimes(
                    reason, first: first, last: missed?.last ?? first, count: 1 + (missed?.count ?? 0),
                    isExact: missed?.isExact ?? true, at: at), history: history)
        }
        switch outcome {
        case .queued, .queuedBesideOthers, .finished:
            guard let place = fields[2].int, terms.indices.contains(place), let terms = terms[place],
                let reason = RunReason(rawValue: reason)
            else { return [] }
            let job = fields[5].string.flatMap { RQJobID($0) }
            guard let jobID = job ?? planned.map({ RQJobID.planned(definition: definition.bytes, at: $0) }) else {
                return []
            }
            let run = TrackedRun(
                definition: definition, jobID: jobID, planned: planned, at: at, reason: reason, terms: terms,
                history: history)
            // Behind a last run nothing was planned.
            guard let missed, outcome != .finished else { return [.queued(run)] }
            return [.refused(definition, RefusedTimes(.missed, missed, at: at), history: history), .queued(run)]
        case .overlapping, .overlappingSomeNoted:
            return planned.map { [refused(.overlap, from: $0)] } ?? []
        case .limitReached:
            return planned.map {
                [.refused(definition, RefusedTimes(.limit, first: $0, last: $0, count: 1, at: at), history: history)]
            } ?? []
        case .advanced:
            guard let reason = RefusalReason(rawValue: reason), let planned else { return [] }
            return [refused(reason, from: planned)]
        case .duplicate, .movedByOther, .stale, .unusableQueue, .waiting, .paused, .handedBack: return []
        }
    }

    // MARK: Writing

    /// What a batch sends for the log, to stand behind what the script knows; `nil` where nothing is recorded, and no run can take out
    /// another one.
    ///
    /// - Parameter history: How many runs a definition keeps that does not say so itself.
    package static func body(of batch: DueBatch, at now: Timestamp, history: Int) -> [UInt8]? {
        var body = Body(at: now, count: batch.runs.count)
        for run in batch.runs { body.append(run, history: history) }
        return body.finish()
    }

    /// What a run outside of the schedule sends; it is not recorded itself where its definition keeps none.
    package static func body(of run: TrackedRun) -> [UInt8] {
        let fields: [JSONValue] = [
            .string(run.definition.display), (run.planned.map { Int($0.microseconds - run.at.microseconds) }).json, 0,
            .string(run.reason.rawValue), run.history.json,
            .string(run.jobID.description),
        ]
        let text = JSONValue.array([run.history == 0 ? 0 : .array(fields)]).compactBytes
        return Array(",\"at\":\(run.at.microseconds),\"q\":[".utf8) + run.terms.json.compactBytes
            + Array("],\"r\":".utf8) + text
            + [UInt8(ascii: "}")]
    }

    /// An entry as the scripts write it.
    package static func bytes(codes: [UInt8], removed: [String] = [], body: [UInt8]) -> [UInt8] {
        let list = removed.isEmpty ? "" : ",\"x\":[" + removed.map { "\"\($0)\"" }.joined(separator: ",") + "]"
        return Array("{\"c\":\"".utf8) + codes + Array("\"\(list)".utf8) + body
    }

    /// Writes the runs of a batch.
    private struct Body {
        private var bytes: [UInt8] = []
        /// What is said of the jobs of each template, in JSON.
        private var terms: [UInt8] = [UInt8(ascii: "[")]
        private var places: [ObjectIdentifier: Int] = [:]
        private var isFirst = true
        private var hasAny = false
        private let at: Timestamp

        init(at: Timestamp, count: Int) {
            self.at = at
            bytes.reserveCapacity(count * 40)
            places.reserveCapacity(count)
        }

        mutating func append(_ run: PlannedRun, history: Int) {
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            isFirst = false
            let own = run.definition.governance?.policy.history
            // That a run was taken out is noted for its own record, whatever is kept of the run that takes it out.
            if run.mayReplace { hasAny = true }
            guard own ?? history > 0, run.step != .skipQueued else {
                bytes.append(UInt8(ascii: "0"))
                return
            }
            hasAny = true
            bytes.append(UInt8(ascii: "["))
            run.definition.appendIDJSON(to: &bytes)
            bytes.append(UInt8(ascii: ","))
            appendDistance(to: run.planned)
            bytes.append(UInt8(ascii: ","))
            if case .refuse(let reason) = run.step {
                bytes += "-1,\"\(reason.rawValue)\"".utf8
            } else {
                DecimalText.append(place(of: run.definition.template), to: &bytes)
                if run.reason == .catchup {
                    bytes += Self.catchUp
                } else if own != nil || run.missed != nil {
                    bytes += Self.schedule
                }
            }
            if own != nil || run.missed != nil {
                bytes += ",\(own.map(String.init) ?? "null")".utf8
                if let missed = run.missed { bytes += ",null,\(missed.text(after: at))".utf8 }
            }
            bytes.append(UInt8(ascii: "]"))
        }

        private static let schedule = Array(",null".utf8)
        private static let catchUp = Array(",\"catchup\"".utf8)

        /// Appends how long after the batch a time is.
        private mutating func appendDistance(to time: Timestamp) {
            DecimalText.append(Int(time.microseconds - at.microseconds), to: &bytes)
        }

        private mutating func place(of template: JobTemplate) -> Int {
            if let place = places[ObjectIdentifier(template)] { return place }
            let place = places.count
            if place > 0 { terms.append(UInt8(ascii: ",")) }
            terms += template.runTerms
            places[ObjectIdentifier(template)] = place
            return place
        }

        func finish() -> [UInt8]? {
            guard hasAny else { return nil }
            var head = Array(",\"at\":\(at.microseconds),\"q\":".utf8)
            head += terms
            head += "],\"r\":[".utf8
            return head + bytes + Array("]}".utf8)
        }
    }
}

extension PlannedRun {
    /// Whether it may take out an earlier one.
    fileprivate var mayReplace: Bool {
        guard !isMoveOnly, definition.governance?.policy.overlap == .replace else { return false }
        return openRuns?.runs.isEmpty == false
    }
}

/// Planned times that a run stands for, after its own.
package struct MissedTimes: Sendable, Hashable {
    package let first: Timestamp
    package let last: Timestamp
    /// Of a schedule that is no plain interval counted to 1,000.
    package let count: Int
    package let isExact: Bool

    package init(first: Timestamp, last: Timestamp, count: Int, isExact: Bool) {
        self.first = first
        self.last = last
        self.count = count
        self.isExact = isExact
    }

    fileprivate init?(_ value: JSONValue, after at: Timestamp) {
        guard let fields = value.array, fields.count == 4, let first = fields[0].instant(after: at),
            let last = fields[1].instant(after: at), let count = fields[2].int, let more = fields[3].int
        else { return nil }
        self.init(first: first, last: last, count: count, isExact: more == 0)
    }

    fileprivate func text(after at: Timestamp) -> String {
        let (first, last) = (first.microseconds - at.microseconds, last.microseconds - at.microseconds)
        return "[\(first),\(last),\(count),\(isExact ? 0 : 1)]"
    }
}

extension RefusedTimes {
    init(_ reason: RefusalReason, _ missed: MissedTimes, at: Timestamp) {
        self.init(reason, first: missed.first, last: missed.last, count: missed.count, isExact: missed.isExact, at: at)
    }
}

extension RunTerms {
    package init(_ settings: JobSettings) {
        self.init(
            queue: String(decoding: settings.queue, as: UTF8.self), resultTTL: settings.resultTTL,
            failureTTL: settings.failureTTL, ttl: settings.ttl, retries: settings.retries,
            timeout: settings.timeout)
    }

    var json: JSONValue {
        .array([.string(queue), .int(resultTTL), failureTTL.json, ttl.json, .int(retries), .int(timeout)])
    }

    fileprivate init?(_ value: JSONValue) {
        guard let fields = value.array, fields.count == 6, let queue = fields[0].string, let resultTTL = fields[1].int
        else { return nil }
        self.init(
            queue: queue, resultTTL: resultTTL, failureTTL: fields[2].int, ttl: fields[3].int,
            retries: fields[4].int ?? 0,
            timeout: fields[5].int ?? Self.usualTimeout)
    }
}

extension JSONValue {
    /// Microseconds after a time.
    fileprivate func instant(after time: Timestamp) -> Timestamp? {
        guard let distance = int else { return nil }
        let (microseconds, overflow) = time.microseconds.addingReportingOverflow(Int64(distance))
        return overflow ? nil : Timestamp(microseconds: microseconds)
    }
}
