import RQWire

/// Reads the declarations of a file one after the other, so that a file of any length takes little memory.
///
/// It does not compare ids with each other; see ``CronJobDeclarations/checkIDs()``.
package struct DeclarationReader {
    /// What comes next in a file of JSON.
    private enum Place {
        case start, key(isFirst: Bool), job(isFirst: Bool), behindJob, behindValue, end
    }

    private enum Form {
        case json, crontab
    }

    /// The name of the source, as far as the file was read.
    package private(set) var source: String?
    private var text: FileText
    private var form: Form?
    private var place = Place.start
    private var keys: [JSONString] = []
    /// `CRON_TZ`, in the crontab-like text.
    private var zone: String?

    /// Reads JSON if the file begins with a brace, and the crontab-like text otherwise.
    ///
    /// A byte order mark of UTF-8, which some editors write, is skipped.
    ///
    /// - Parameter more: The next portion of the file; `nil` at its end.
    package init(_ more: @escaping () -> [UInt8]?) {
        text = FileText(more)
    }

    /// Reads a whole text, in the form that is told.
    init(_ bytes: [UInt8], isJSON: Bool) {
        self.init(Self.whole(bytes))
        form = isJSON ? .json : .crontab
    }

    /// Hands out a text that is in memory.
    static func whole(_ bytes: [UInt8]) -> () -> [UInt8]? {
        var rest: [UInt8]? = bytes
        return {
            defer { rest = nil }
            return rest
        }
    }

    /// The next declaration; `nil` at the end of the file.
    ///
    /// - Throws: ``DeclarationError`` for the first line that is wrong, which may hold an unknown key.
    package mutating func next() throws(DeclarationError) -> CronJobDeclaration? {
        try nextText()?.declaration()
    }

    /// The next declaration, to be read elsewhere; `nil` at the end of the file.
    ///
    /// - Throws: ``DeclarationError`` for what is wrong between the declarations, or with a line of the crontab-like text. It comes after what
    ///   is wrong with declarations before.
    package mutating func nextText() throws(DeclarationError) -> DeclarationText? {
        if form == nil { form = try recognize() }
        return form == .json ? try nextOfJSON() : try nextLine()
    }

    private mutating func recognize() throws(DeclarationError) -> Form {
        text.want(3)
        let beginning = text.bytes[text.position...].prefix(3)
        if beginning.starts(with: [0xFF, 0xFE]) || beginning.starts(with: [0xFE, 0xFF]) {
            throw DeclarationError(line: 1, "the file is in UTF-16; save it in UTF-8")
        }
        if beginning.elementsEqual([0xEF, 0xBB, 0xBF]) { text.advance(by: 3) }
        while let byte = text.peek() {
            guard byte <= 0x20 else {
                return byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") ? .json : .crontab
            }
            text.advance(by: 1)
        }
        return .crontab
    }

    // MARK: The crontab-like text

    private mutating func nextLine() throws(DeclarationError) -> DeclarationText? {
        while let (length, hasEnd) = text.lengthOfLine() {
            let number = text.place.line
            let content = text.bytes[text.position..<text.position + length]
            defer { text.advance(by: length + (hasEnd ? 1 : 0)) }
            do throws(CrontabLine.Complaint) {
                switch try CrontabLine.read(content, defaultZone: zone) {
                case .nothing: continue
                case .source where source != nil: throw CrontabLine.Complaint("SOURCE is given twice")
                case .source(let name): source = name
                case .zone(let name): zone = name
                case .declaration(var job):
                    job.line = number
                    return DeclarationText(job)
                }
            } catch {
                throw DeclarationError(line: number, error.message)
            }
        }
        return nil
    }

    // MARK: JSON

    private mutating func nextOfJSON() throws(DeclarationError) -> DeclarationText? {
        while true {
            let byte = peekBehindBlanks()
            switch place {
            case .start:
                guard byte == UInt8(ascii: "{") else {
                    if byte.map(Self.beginsValue) != true { throw syntax("a value") }
                    throw DeclarationError(line: 1, "expected an object with a key \"jobs\", an array of definitions")
                }
                text.advance(by: 1)
                place = .key(isFirst: true)
            case .key(let isFirst):
                if isFirst, byte == UInt8(ascii: "}") {
                    place = .behindValue
                } else {
                    try takeKey()
                }
            case .job(let isFirst):
                if isFirst, byte == UInt8(ascii: "]") {
                    place = .behindJob
                    continue
                }
                defer { place = .behindJob }
                return try takeJob()
            case .behindJob:
                place = try takes(",", or: "]") ? .job(isFirst: false) : .behindValue
            case .behindValue:
                place = try takes(",", or: "}") ? .key(isFirst: false) : .end
            case .end:
                guard byte == nil else { throw syntax("the end of the text") }
                guard keys.contains("jobs") else { throw Self.missingJobs }
                return nil
            }
        }
    }

    private mutating func takeKey() throws(DeclarationError) {
        guard text.peek() == UInt8(ascii: "\"") else { throw syntax("a key in double quotes") }
        let line = text.place.line
        guard case .string(let key) = try takeValue(length: text.lengthOfValue()) else { return }
        guard peekBehindBlanks() == UInt8(ascii: ":") else { throw syntax("':'") }
        text.advance(by: 1)
        guard !keys.contains(key) else {
            throw DeclarationError(line: line, "expected each key once, not \(JSONValue.string(key)) again")
        }
        keys.append(key)
        let byte = peekBehindBlanks()
        switch key {
        case "source":
            guard let byte, Self.beginsValue(byte) else { throw syntax("a value") }
            if byte == UInt8(ascii: "\""), case .string(let name) = try takeValue(length: text.lengthOfValue()),
                let name = name.text, !name.isEmpty
            {
                source = name
            } else if takesNull() {
                source = nil
            } else {
                throw DeclarationError(line: line, field: "source", "must be a text that is not empty")
            }
            place = .behindValue
        case "jobs":
            guard byte == UInt8(ascii: "[") else { throw Self.missingJobs }
            text.advance(by: 1)
            place = .job(isFirst: true)
        default:
            throw DeclarationError(
                line: line, field: key.description, "unknown key; the keys are source and jobs")
        }
    }

    private mutating func takeJob() throws(DeclarationError) -> DeclarationText {
        guard let byte = text.peek(), Self.beginsValue(byte) else { throw syntax("a value") }
        let place = text.place
        guard byte == UInt8(ascii: "{") else {
            throw DeclarationError.wrong(at: place, "a definition must be an object")
        }
        return DeclarationText(json: text.take(text.lengthOfValue()), at: place)
    }

    /// Reads a value whose length is known.
    private mutating func takeValue(length: Int) throws(DeclarationError) -> JSONValue {
        let place = text.place
        return try DeclarationText.value(of: text.take(length), at: place)
    }

    /// Takes a comma, or the bracket that ends a list.
    ///
    /// - Returns: Whether it was the comma.
    private mutating func takes(_ comma: Unicode.Scalar, or end: Unicode.Scalar) throws(DeclarationError) -> Bool {
        let byte = text.peek()
        guard byte == UInt8(ascii: comma) || byte == UInt8(ascii: end) else { throw syntax("'\(comma)' or '\(end)'") }
        text.advance(by: 1)
        return byte == UInt8(ascii: comma)
    }

    private mutating func takesNull() -> Bool {
        text.want(4)
        guard text.bytes[text.position...].starts(with: "null".utf8) else { return false }
        text.advance(by: 4)
        return true
    }

    private mutating func peekBehindBlanks() -> UInt8? {
        while let byte = text.peek() {
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
            text.advance(by: 1)
        }
        return nil
    }

    private static func beginsValue(_ byte: UInt8) -> Bool { "{[\"-0123456789tfnNI".utf8.contains(byte) }

    private mutating func syntax(_ expected: String) -> DeclarationError {
        let end = text.peek() == nil ? ", but the text ended" : ""
        return .wrong(at: text.place, "no JSON: expected \(expected)\(end)")
    }

    private static let missingJobs = DeclarationError(line: 1, field: "jobs", "missing, or no array of definitions")
}
