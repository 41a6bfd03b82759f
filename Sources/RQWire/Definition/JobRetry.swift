/// How often RQ runs a failed job again, and after which pauses: its `Retry`.
public struct JobRetry: Sendable, Hashable {
    /// How many times a run that failed is tried again, at least 1.
    public var max: Int
    /// The pauses before each try in whole seconds; none for trying again at once.
    ///
    /// RQ brings a job back after a pause only where a worker `--with-scheduler` lives. It counts from the end: of a list
    /// that is shorter than ``max`` the first pause is repeated first, and of a longer one the beginning is skipped.
    public var intervals: [Duration]

    /// Says how often a failed run is tried again.
    ///
    /// Nothing is checked here: a definition is checked when it is registered, saved or loaded.
    ///
    /// - Parameters:
    ///   - max: How many times, at least 1.
    ///   - intervals: The pauses before each try in whole seconds; none for trying again at once.
    public init(max: Int, intervals: [Duration] = []) {
        self.max = max
        self.intervals = intervals
    }
}

extension JobRetry: CustomStringConvertible {
    /// `3 times, after 10, 60 s`.
    public var description: String {
        let times = max == 1 ? "once" : "\(max) times"
        guard !intervals.isEmpty else { return "\(times), at once" }
        return "\(times), after \(intervals.map { "\($0.wholeSeconds)" }.joined(separator: ", ")) s"
    }
}

// MARK: - In a definition

extension JobRetry {
    /// What a value in JSON looks like, for messages.
    static let expected = #"an object such as {"max": 3, "intervals": [10, 60]}"#

    /// `{"max": 3, "intervals": [10, 60]}`, without pauses `{"max": 3}`.
    var json: JSONValue {
        var object: JSONObject = ["max": .int(max)]
        if !intervals.isEmpty { object["intervals"] = .array(intervals.map { .int($0.wholeSeconds) }) }
        return .object(object)
    }

    /// Takes the object; `nil` for anything else.
    init?(json: JSONValue) {
        guard let object = json.object, let max = object["max"]?.int,
            object.keys.allSatisfy({ $0 == "max" || $0 == "intervals" })
        else { return nil }
        var intervals: [Duration] = []
        switch object["intervals"] {
        case nil, .null?: break
        case .array(let pauses)?:
            for pause in pauses {
                guard let seconds = pause.int else { return nil }
                intervals.append(.seconds(seconds))
            }
        default: return nil
        }
        self.init(max: max, intervals: intervals)
    }

    /// What RQ's `Retry` or a worker could not take, as words behind the field's name.
    ///
    /// The latest pause is that of other times: RQ adds it to the present as a Python datetime.
    var complaint: String? {
        guard max >= 1 else { return "max must be at least 1, not \(max)" }
        let longest = CronJobHash.Field.longestKeeping
        for interval in intervals {
            guard interval.components.attoseconds == 0 else {
                return "intervals must be whole seconds, not \(interval)"
            }
            guard (0...longest).contains(interval.wholeSeconds) else {
                return "intervals must be from 0 to \(longest) s, not \(interval.wholeSeconds)"
            }
        }
        return nil
    }
}

extension FieldType<JobRetry?> {
    /// An object with `max` and `intervals`, or nothing.
    static let retry = FieldType(
        decode: { text throws(RQWireError) in
            guard !text.bytes.isEmpty else { return nil }
            guard let retry = JobRetry(json: try text.json(expected: JobRetry.expected)) else {
                throw text.refusal(JobRetry.expected)
            }
            return retry
        },
        encode: { value, bytes in value?.json.appendPythonJSON(to: &bytes, style: .compact) },
        json: { $0?.json ?? .null },
        fromJSON: { json throws(FieldComplaint) in
            guard let retry = JobRetry(json: json) else { throw FieldComplaint(JobRetry.expected) }
            return retry
        },
        fromOption: { text throws(FieldComplaint) in
            guard let max = Int(text) else { throw FieldComplaint("takes a whole number, not '\(text)'") }
            guard max >= 1 else { throw FieldComplaint("must be at least 1, not \(max)") }
            return JobRetry(max: max)
        },
        complaint: { $0?.complaint })

    /// Adds the pauses of `--retry-intervals 10,60`.
    static func addIntervals(_ text: String, to retry: inout JobRetry?) throws(FieldComplaint) {
        guard retry != nil else { throw FieldComplaint("is given without --retry") }
        var intervals: [Duration] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let seconds = Int(part), (0...CronJobHash.Field.longestKeeping).contains(seconds) else {
                throw FieldComplaint("takes whole seconds with commas between them, such as 10,60, not '\(text)'")
            }
            intervals.append(.seconds(seconds))
        }
        retry?.intervals = intervals
    }
}
