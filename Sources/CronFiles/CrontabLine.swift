import Cron
import RQWire

/// One line of a crontab-like text.
struct CrontabLine {
    /// What is wrong with a line.
    struct Complaint: Error {
        let message: String

        init(_ message: String) {
            self.message = message
        }
    }

    /// A part of the line between blanks.
    private struct Word {
        let text: String
        /// A word in double quotes is a name, whatever it looks like.
        let isQuoted: Bool
    }

    /// What a line says.
    enum Content {
        /// Nothing: it is blank, or a comment.
        case nothing
        /// `SOURCE = name`.
        case source(String)
        /// `CRON_TZ = name`, for the lines below; `nil` for none.
        case zone(String?)
        /// A definition.
        case declaration(CronJobDeclaration)
    }

    private let line: ArraySlice<UInt8>

    private init(_ line: ArraySlice<UInt8>) {
        self.line = line
    }

    /// Reads a line: `name  schedule  queue  function(args)`, a setting or a comment.
    static func read(_ line: ArraySlice<UInt8>, defaultZone: String?) throws(Complaint) -> Content {
        let content = line.trimmingBlanks()
        if content.isEmpty || content.first == UInt8(ascii: "#") { return .nothing }
        guard String(validating: content, as: UTF8.self) != nil else { throw Complaint("expected UTF-8") }
        guard let (name, value) = setting(content) else {
            return .declaration(try CrontabLine(content).declaration(defaultZone: defaultZone))
        }
        switch name {
        case "SOURCE" where !value.isEmpty: return .source(value)
        case "SOURCE": throw Complaint("SOURCE has no value; give the source a name")
        case "CRON_TZ" where value.utf8.contains(where: { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }):
            throw Complaint(
                "CRON_TZ is a line of its own, for the definitions below it: expected a zone and nothing behind it")
        case "CRON_TZ": return .zone(value.isEmpty ? nil : value)
        default: throw Complaint("unknown setting \(shortened(name)); there are SOURCE and CRON_TZ")
        }
    }

    /// `NAME = value`, with a name in capitals.
    private static func setting(_ line: ArraySlice<UInt8>) -> (name: String, value: String)? {
        guard let sign = line.firstIndex(of: UInt8(ascii: "=")) else { return nil }
        let name = line[..<sign].trimmingBlanks()
        let capitals = UInt8(ascii: "A")...UInt8(ascii: "Z")
        guard !name.isEmpty, name.allSatisfy({ capitals.contains($0) || $0 == UInt8(ascii: "_") }) else { return nil }
        let value = line[(sign + 1)...].trimmingBlanks()
        return (String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self))
    }

    private func declaration(defaultZone: String?) throws(Complaint) -> CronJobDeclaration {
        let (words, callStart) = try wordsBeforeCall()
        try Self.checkColumns(words)
        let call: PythonCall
        let end: Int
        do {
            (call, end) = try PythonCall.read(line[callStart...])
        } catch {
            let column = error.position - line.startIndex + 1
            throw Complaint("column \(column): expected \(error.expected)")
        }
        var fields = try options(after: end)
        fields["id"] = .string(words[0].text)
        fields["func"] = .string(call.functionName)
        fields["queue"] = .string(words[words.count - 1].text)
        if !call.args.isEmpty { fields["args"] = .array(call.args) }
        if !call.kwargs.isEmpty { fields["kwargs"] = .object(call.kwargs) }
        try setSchedule(words[1..<(words.count - 1)].map(\.text), in: &fields)
        if fields["timezone"] == nil, fields["cron"] != nil || fields["exclude"] != nil, let defaultZone {
            fields["timezone"] = .string(defaultZone)
        }
        do {
            return try DeclarationFields(fields) { _ in nil }.declaration()
        } catch {
            throw Complaint(error.description)
        }
    }

    private func setSchedule(_ words: [String], in fields: inout JSONObject) throws(Complaint) {
        guard words[0] == "every" || words[0] == "@every" else {
            fields["cron"] = .string(words.joined(separator: " "))
            return
        }
        guard let seconds = Self.interval(words.dropFirst().joined()) else {
            throw Complaint("expected 'every' and a number with s, m, h or d, such as 'every 5m'")
        }
        fields["interval"] = .int(seconds)
    }

    /// The seconds of `5m`.
    private static func interval(_ text: String) -> Int? {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let unit = text.last.flatMap({ units[$0] }), let number = Int(text.dropLast()), number > 0,
            case let (seconds, overflow) = number.multipliedReportingOverflow(by: unit), !overflow
        else { return nil }
        return seconds
    }

    // MARK: Missing columns

    /// Whether a word in the place of the name would rather be the beginning of a schedule.
    static func looksLikeSchedule(name: String) -> Bool {
        name.hasPrefix("@") ? isShorthand(name) : CronExpression.reads(name, as: .minute)
    }

    /// Whether a word in the place of the queue would rather be the end of a schedule.
    static func looksLikeSchedule(queue: String) -> Bool {
        if queue.hasPrefix("@") { return isShorthand(queue) }
        return [.dayOfWeek, .second, .year].contains { CronExpression.reads(queue, as: $0) }
    }

    private static func isShorthand(_ word: String) -> Bool {
        word == "@every" || (try? CronExpression(word)) != nil
    }

    private static let form = "a line is a name, a schedule, a queue and a call"

    /// Finds out that a column is missing, so that another is in its place.
    private static func checkColumns(_ words: [Word]) throws(Complaint) {
        let (first, last) = (words[0], words[words.count - 1])
        let isEvery = ["every", "@every"].contains(first.text) && interval(words[1].text) != nil
        if !first.isQuoted, isEvery || looksLikeSchedule(name: first.text) {
            throw Complaint(
                """
                the name is missing: \(form), and \(quoted(first.text)) reads as the beginning of a schedule; write a \
                name like that in double quotes
                """)
        }
        let endsEvery = words.count == 3 && ["every", "@every"].contains(words[1].text) && interval(last.text) != nil
        if !last.isQuoted, endsEvery || looksLikeSchedule(queue: last.text) {
            throw Complaint(
                """
                the queue is missing: \(form), and \(quoted(last.text)) reads as the end of a schedule; write a queue like \
                that in double quotes
                """)
        }
    }

    /// What is missing before a call that comes too early.
    private static func complaint(aboutMissingBefore call: Int, in words: [Word]) -> Complaint {
        let missing =
            switch words[..<call].map(\.text) {
            case let before where before.isEmpty: "the name, the schedule and the queue are missing"
            case let before where looksLikeSchedule(name: before[0]) && !words[0].isQuoted: "the name is missing"
            case let before where before.count == 1: "the schedule and the queue are missing"
            case let before where looksLikeSchedule(queue: before[1]): "the queue is missing"
            default: "the schedule is missing"
            }
        return Complaint("\(missing): \(form)")
    }

    /// The words up to the call, which begins with the first word that looks like `module.function(`.
    private func wordsBeforeCall() throws(Complaint) -> (words: [Word], callStart: Int) {
        var words: [Word] = []
        // A name may look like a call, so one counts as too early only when no other follows.
        var earlyCall: Int?
        var position = line.startIndex
        while true {
            while position < line.endIndex, line[position].isBlank { position += 1 }
            guard position < line.endIndex else {
                if let call = earlyCall { throw Self.complaint(aboutMissingBefore: call, in: words) }
                throw Complaint("expected a call with a dotted name, such as app.tasks.rebuild('pm25'), at the end")
            }
            if Self.isCall(line[position...]) {
                if words.count >= 3 { return (words, position) }
                earlyCall = earlyCall ?? words.count
            }
            let start = position
            if line[position] == UInt8(ascii: "\"") {
                position += 1
                while position < line.endIndex, line[position] != UInt8(ascii: "\"") {
                    position += line[position] == UInt8(ascii: "\\") ? 2 : 1
                }
                guard position < line.endIndex,
                    case .string(let text)? = try? JSONValue(parsing: Array(line[start...position])),
                    let name = text.text
                else { throw Complaint("column \(start - line.startIndex + 1): expected a text in quotes") }
                position += 1
                words.append(Word(text: name, isQuoted: true))
            } else {
                while position < line.endIndex, !line[position].isBlank { position += 1 }
                let text = String(decoding: line[start..<position], as: UTF8.self)
                words.append(Word(text: text, isQuoted: false))
            }
        }
    }

    private static func isCall(_ text: ArraySlice<UInt8>) -> Bool {
        guard let end = text.firstIndex(where: { $0 == UInt8(ascii: "(") || $0.isBlank }), end > text.startIndex,
            text[end] == UInt8(ascii: "(")
        else { return false }
        return text[..<end].contains(UInt8(ascii: "."))
    }

    /// Reads `key=value` words behind the call.
    private func options(after end: Int) throws(Complaint) -> JSONObject {
        var fields: JSONObject = [:]
        var reader = PythonLiteralReader(line[end...])
        while line[reader.position...].contains(where: { !$0.isBlank }) {
            if line[reader.position...].trimmingBlanks().first == UInt8(ascii: "#") { break }
            guard let key = reader.takeKeyword() else {
                throw Complaint("column \(reader.position - line.startIndex + 1): expected key=value after the call")
            }
            guard !DeclarationFields.calledOrScheduled.contains(key) else {
                throw Complaint("\(key) belongs before or in the call")
            }
            guard fields[JSONString(key)] == nil else { throw Complaint("\(key) is given twice") }
            do {
                fields[JSONString(key)] = try reader.value()
            } catch {
                // A word without quotes, such as a zone's name, is a text.
                let start = reader.position
                let rest = line[start...].prefix { !$0.isBlank }
                guard !rest.isEmpty, key == "timezone" else {
                    throw Complaint("column \(error.position - line.startIndex + 1): expected \(error.expected)")
                }
                fields[JSONString(key)] = .string(String(decoding: rest, as: UTF8.self))
                reader = PythonLiteralReader(line[rest.endIndex...])
            }
        }
        return fields
    }
}

extension UInt8 {
    fileprivate var isBlank: Bool { self == 0x20 || self == 0x09 || self == 0x0D }
}

extension ArraySlice<UInt8> {
    fileprivate func trimmingBlanks() -> ArraySlice<UInt8> {
        var rest = self
        while rest.first?.isBlank == true { rest.removeFirst() }
        while rest.last?.isBlank == true { rest.removeLast() }
        return rest
    }
}
