import RQWire

extension CronJobDeclarations {
    /// The declarations as JSON, one definition a line.
    ///
    /// What has its default is left out.
    ///
    /// Reading it gives the same declarations.
    public func json() -> [UInt8] {
        var bytes = Array("{".utf8)
        if let source {
            bytes += Array("\"source\": ".utf8)
            JSONValue.string(source).appendPythonJSON(to: &bytes, style: .spaced)
            bytes += Array(", ".utf8)
        }
        bytes += Array("\"jobs\": [".utf8)
        for (index, job) in jobs.enumerated() {
            bytes += Array((index == 0 ? "\n  " : ",\n  ").utf8)
            JSONValue.object(job.fields).appendPythonJSON(to: &bytes, style: .spaced)
        }
        bytes += Array((jobs.isEmpty ? "]}\n" : "\n]}\n").utf8)
        return bytes
    }

    /// The declarations as a crontab-like text, a definition a line, in columns.
    ///
    /// Reading it gives the same declarations.
    public func crontab() -> [UInt8] {
        let rows = jobs.map(\.crontabColumns)
        let widths = (0..<3).map { column in rows.map { $0[column].unicodeScalars.count }.max() ?? 0 }
        var text = source.map { "SOURCE = \($0)\n" } ?? ""
        for row in rows {
            for column in 0..<3 {
                let gap = widths[column] - row[column].unicodeScalars.count + 2
                text += row[column] + String(repeating: " ", count: gap)
            }
            text += row[3] + "\n"
        }
        return Array(text.utf8)
    }
}

extension CronJobDeclaration {
    /// The keys of the JSON form, without those that have their default.
    var fields: JSONObject {
        var fields: JSONObject = [
            "id": .string(id), "func": .string(functionName), "queue": .string(queueName),
        ]
        if let interval { fields["interval"] = .int(interval) }
        if let firstRun { fields["first_run"] = .string(firstRun.description) }
        if let cron { fields["cron"] = .string(cron) }
        if let timeZone { fields["timezone"] = .string(timeZone) }
        if !args.isEmpty { fields["args"] = .array(args) }
        if !kwargs.isEmpty { fields["kwargs"] = .object(kwargs) }
        for (key, value) in options { fields[key] = value }
        return fields
    }

    /// What stands behind the call in a crontab-like text.
    private var options: [(JSONString, JSONValue)] {
        var options: [(JSONString, JSONValue)] = []
        if !meta.isEmpty { options.append(("meta", .object(meta))) }
        if let jobTimeout { options.append(("job_timeout", .int(jobTimeout))) }
        if let resultTTL, resultTTL != JobPayload.defaultResultTTL { options.append(("result_ttl", .int(resultTTL))) }
        if let ttl { options.append(("ttl", .int(ttl))) }
        if let failureTTL { options.append(("failure_ttl", .int(failureTTL))) }
        if let enabled, !enabled { options.append(("enabled", .bool(enabled))) }
        return options
    }

    /// Name, schedule, queue, and the call with what follows it.
    fileprivate var crontabColumns: [String] {
        let arguments = args.map(\.description)
        let areNames = kwargs.keys.allSatisfy(Self.isName)
        let keywords =
            areNames
            ? kwargs.entries.map { "\($0.key)=\($0.value)" } : ["**\(JSONValue.object(kwargs))"]
        var call = "\(functionName)(\((arguments + keywords).joined(separator: ", ")))"
        if let timeZone { call += " timezone=\(timeZone)" }
        if let firstRun { call += " first_run=\"\(firstRun)\"" }
        for (key, value) in options { call += " \(key)=\(value)" }
        let schedule = interval.map { "every \($0)s" } ?? cron ?? ""
        return [
            Self.word(id, isAmbiguous: CrontabLine.looksLikeSchedule(name: id) || ["every", "@every"].contains(id)),
            schedule, Self.word(queueName, isAmbiguous: CrontabLine.looksLikeSchedule(queue: queueName)), call,
        ]
    }

    /// Whether a keyword may stand before `=` in a call.
    private static func isName(_ key: JSONString) -> Bool {
        guard let first = key.bytes.first, !(48...57).contains(first) else { return false }
        return key.bytes.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
            default: false
            }
        }
    }

    /// A word of the text, in quotes where it would not be read as one word, or as another column.
    private static func word(_ text: String, isAmbiguous: Bool) -> String {
        let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != 0x3D }
        return isPlain && !isAmbiguous && !text.hasPrefix("#") ? text : JSONValue.string(text).description
    }
}
