/// A definition in the form in which RQ lists a job of its own cron: one object of the array in the field `cron_jobs` of a
/// scheduler in RQ's registry (`CronJob.to_dict` in RQ 2.4 and later).
///
/// RQ restores all entries of a scheduler, or none; some errors of one entry even hide all other schedulers. django-rq then shows
/// none. So there is no entry of a definition that RQ or django-rq could not take.
package struct RQCronEntry: Sendable, Hashable {
    /// The most entries that are listed: RQ reads all of them whenever somebody looks, and 20,000 take it 3 s.
    package static let most = 1000
    /// The most bytes that all of them may have.
    package static let mostBytes = 4 << 20
    /// The most bytes of arguments or `meta` that are shown.
    package static let mostTextBytes = 4096
    /// What is shown in place of values that are not.
    private static let placeholder = "<not shown>"

    /// The object as JSON.
    package let bytes: [UInt8]

    /// Makes the entry of a definition.
    ///
    /// - Parameters:
    ///   - definition: A definition that was checked.
    ///   - expression: Its expression as RQ's croniter can read it; `nil` for an interval, or if it cannot.
    ///   - next: The planned time of its next run, `nil` where none is planned yet.
    /// - Returns: `nil` if RQ or django-rq could not take the entry, and where no run is to come.
    package init?(_ definition: CronJobHash, expression: String?, next: Timestamp?) {
        let (interval, call) = (definition.schedule.interval?.wholeSeconds, definition.call)
        guard Self.isListable(id: definition.id), !call.functionName.isEmpty, !call.queueName.isEmpty,
            interval == nil ? expression?.isEmpty == false : expression == nil, interval.map({ $0 > 0 }) ?? true,
            next.map({ $0 < Self.never }) ?? true, call.webhooks.allSatisfy({ WebhookURL($0.url).isReadByRQ })
        else { return nil }
        var entry: JSONObject = [
            "func_name": .string(call.functionName), "name": .string(definition.id),
            "queue_name": .string(call.queueName),
            "args": call.args.isEmpty ? .null : .string(Self.text(of: .array(call.args))),
            "kwargs": call.kwargs.isEmpty ? .null : .string(Self.text(of: .object(call.kwargs))),
            "interval": interval.map(JSONValue.int) ?? .null, "cron": expression.map { .string($0) } ?? .null,
            "latest_enqueue_time": Self.time(definition.latestEnqueueTime), "next_enqueue_time": Self.time(next),
        ]
        // RQ leaves out what is not set, and reads what is absent as its own default.
        for (key, duration) in [
            ("job_timeout", call.jobTimeout), ("result_ttl", call.resultTTL), ("ttl", call.ttl),
            ("failure_ttl", call.failureTTL),
        ] {
            if let duration { entry[JSONString(key)] = .int(duration.wholeSeconds) }
        }
        if !call.meta.isEmpty { entry["meta"] = .string(Self.text(of: .object(call.meta))) }
        if !call.webhooks.isEmpty {
            entry["webhooks"] = .string(JSONValue.array(call.webhooks.map(\.json)).wireText)
        }
        var bytes: [UInt8] = []
        JSONValue.object(entry).appendPythonJSON(to: &bytes, style: .compact)
        self.bytes = bytes
    }

    /// The array of all entries, as the field holds it: the first ones, as far as they go into it.
    package static func list(_ entries: some Sequence<RQCronEntry>) -> [UInt8] {
        var list = [UInt8(ascii: "[")]
        for entry in entries.prefix(most) where list.count + entry.bytes.count < mostBytes {
            if list.count > 1 { list.append(UInt8(ascii: ",")) }
            list += entry.bytes
        }
        list.append(UInt8(ascii: "]"))
        return list
    }

    /// Times in this year are no times: a finished definition stands there, and others could not convert them to their zone.
    private static let never = Timestamp(unixSeconds: 253_370_764_800)
    private static let earliest = Timestamp(unixSeconds: 0)

    /// Whether django-rq can make the address of a page from an id: its pattern takes everything but a line feed.
    private static func isListable(id: String) -> Bool {
        !id.isEmpty && !id.utf8.contains(UInt8(ascii: "\n"))
    }

    private static func time(_ time: Timestamp?) -> JSONValue {
        guard let time, time >= earliest, time < never else { return .null }
        return .string(time.description)
    }

    /// An array or object as JSON; one of its kind with a placeholder where Python could not read or print it, or where it is
    /// long.
    private static func text(of value: JSONValue) -> String {
        var survey = JSONSurvey()
        value.walk(into: &survey)
        let text = survey.isTooMuch ? nil : value.wireText
        if let text, text.utf8.count <= mostTextBytes { return text }
        // RQ has a text for what it cannot write, but django-rq shows keyword arguments only as an object.
        let placeholder = JSONValue.string(placeholder)
        let isArray = if case .array = value { true } else { false }
        return (isArray ? JSONValue.array([placeholder]) : .object(["...": placeholder])).wireText
    }
}

/// Looks whether a value is one that any Python reads and prints.
private struct JSONSurvey: JSONSink {
    /// Python reads nested values by recursion, and how deep it may go depends on version, setting and caller.
    private static let mostDepth = 100

    private var depth = 0
    private(set) var isTooMuch = false

    var isSatisfied: Bool { isTooMuch }

    mutating func scalar(_ value: JSONValue) {
        // Half a surrogate pair is read, but cannot be written to a page.
        if case .string(let text) = value, text.text == nil { isTooMuch = true }
    }

    mutating func beginArray(isEmpty: Bool) { descend() }
    mutating func separate() {}
    mutating func endArray(isEmpty: Bool) { depth -= 1 }
    mutating func beginObject(isEmpty: Bool) { descend() }
    mutating func key(_ key: JSONString) { if key.text == nil { isTooMuch = true } }
    mutating func endObject(isEmpty: Bool) { depth -= 1 }

    private mutating func descend() {
        depth += 1
        if depth > Self.mostDepth { isTooMuch = true }
    }
}
