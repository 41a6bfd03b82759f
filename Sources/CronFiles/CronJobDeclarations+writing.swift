package import RQWire

extension CronJobDeclarations {
    /// The declarations as JSON, one definition a line, without the fields that have their default.
    ///
    /// Reading it gives the same declarations.
    public func json() -> [UInt8] { written(isCrontab: false) }

    /// The declarations as a crontab-like text, a definition a line, in columns.
    ///
    /// Reading it gives the same declarations.
    public func crontab() -> [UInt8] { written(isCrontab: true) }

    private func written(isCrontab: Bool) -> [UInt8] {
        var writer = DeclarationWriter(source: source, isCrontab: isCrontab)
        var bytes: [UInt8] = []
        for job in jobs { writer.append(job, to: &bytes) }
        while writer.appendRest(to: &bytes) {}
        return bytes
    }
}

extension CronJobDeclaration {
    /// The keys of the JSON form, without those that have their default.
    package var fields: JSONObject {
        var fields: JSONObject = [:]
        forEachField { fields[$0] = $1 }
        return fields
    }

    /// Appends the JSON form as an object on one line.
    func appendJSON(to bytes: inout [UInt8]) {
        JSONValue.appendPythonObject(to: &bytes, style: .spaced) { append in forEachField(append) }
    }

    /// Hands on ``fields`` one by one.
    private func forEachField(_ take: (JSONString, JSONValue) -> Void) {
        CronJobHash.Field.forEachDeclared(of: definition, unlike: Self.missing) { take($0.jsonKeys[0], $1) }
        if let firstRun { take(Self.firstRunKey, .string(firstRun.description)) }
    }

    private static let firstRunKey = JSONString(DeclarationFields.firstRun)

    /// A definition of which nothing is said.
    private static let missing = CronJobHash(id: "", CallSpec("", queue: ""))

    /// What follows the call in a crontab-like text.
    private var options: [JSONObject.Entry] {
        fields.entries.filter { !DeclarationFields.calledOrScheduled.contains($0.key.description) }
    }

    /// Name, schedule, queue, and the call with what follows it.
    var crontabColumns: [String] {
        let arguments = self.args.map(\.description)
        let areNames = self.kwargs.keys.allSatisfy(Self.isName)
        let keywords =
            areNames
            ? self.kwargs.entries.map { "\($0.key)=\($0.value)" } : ["**\(JSONValue.object(self.kwargs))"]
        var call = "\(self.functionName)(\((arguments + keywords).joined(separator: ", ")))"
        for option in options {
            // The name of a zone needs no quotes.
            let value = option.key == "timezone" ? self.timeZone ?? "" : option.value.description
            call += " \(option.key)=\(value)"
        }
        let schedule = self.schedule.description
        return [
            Self.word(id, isAmbiguous: CrontabLine.looksLikeSchedule(name: id) || ["every", "@every"].contains(id)),
            schedule, Self.word(self.queueName, isAmbiguous: CrontabLine.looksLikeSchedule(queue: self.queueName)),
            call,
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
