import RQWire

/// Definitions that Redis is to hold, and where they come from.
public struct CronJobDeclarations: Sendable, Hashable, ExpressibleByArrayLiteral {
    /// The name under which Redis remembers where the definitions come from, so that pruning deletes only those.
    public var source: String?
    /// The definitions, each with an id of its own.
    public var jobs: [CronJobDeclaration]

    /// Declares definitions.
    public init(source: String? = nil, jobs: [CronJobDeclaration]) {
        self.source = source
        self.jobs = jobs
    }

    /// Reads a file in either form: JSON if it begins with a brace, and the crontab-like text otherwise.
    ///
    /// A byte order mark of UTF-8, which some editors write, is skipped.
    ///
    /// - Throws: ``DeclarationError`` for the first line that is wrong.
    package init(file text: [UInt8]) throws(DeclarationError) {
        if text.starts(with: [0xFF, 0xFE]) || text.starts(with: [0xFE, 0xFF]) {
            throw DeclarationError(line: 1, "the file is in UTF-16; save it in UTF-8")
        }
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let text = text.starts(with: mark) ? Array(text.dropFirst(mark.count)) : text
        let first = text.first { $0 > 0x20 }
        if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
            try self.init(jsonFile: text)
        } else {
            try self.init(crontabFile: text)
        }
    }

    /// Reads JSON: `{"source": "metrics", "jobs": [{"id": …, "func": …, "queue": …, "interval": 300}]}`.
    ///
    /// - Throws: ``DeclarationError`` for the first line that is wrong, which may hold an unknown key.
    package init(jsonFile text: [UInt8]) throws(DeclarationError) {
        let value: JSONValue
        let places: [JSONPlace]
        let lines = LineIndex(text)
        do {
            (value, places) = try JSONValue.parse(text, duplicateKeys: .refused, placesToDepth: 3)
        } catch {
            let complaint = error.code == .duplicateKey ? "" : "no JSON: "
            throw DeclarationError(line: lines.line(of: error.offset), complaint + "expected \(error.expected)")
        }
        guard case .object(let object) = value else {
            throw DeclarationError(line: 1, "expected an object with a key \"jobs\", an array of definitions")
        }
        let outline = Outline(places)
        for (key, offset) in outline.keys where key != "source" && key != "jobs" {
            let message = "unknown key; the keys are source and jobs"
            throw DeclarationError(line: lines.line(of: offset), field: key.description, message)
        }
        switch object["source"] {
        case nil, .null?: source = nil
        case .string(let name)? where name.text != nil && name != "": source = name.text
        default:
            let offset = outline.keys.last { $0.key == "source" }?.offset ?? 0
            throw DeclarationError(line: lines.line(of: offset), field: "source", "must be a text that is not empty")
        }
        guard case .array(let values)? = object["jobs"], values.count == outline.jobs.count else {
            throw DeclarationError(line: 1, field: "jobs", "missing, or no array of definitions")
        }
        jobs = []
        jobs.reserveCapacity(values.count)
        for (value, place) in zip(values, outline.jobs) {
            guard case .object(let fields) = value else {
                throw DeclarationError(line: lines.line(of: place.offset), "a definition must be an object")
            }
            let reader = DeclarationFields(fields) { key in
                lines.line(of: place.keys[JSONString(key)] ?? place.offset)
            }
            jobs.append(try reader.declaration())
        }
        try checkIDs()
    }

    /// Declares definitions without a source.
    public init(arrayLiteral jobs: CronJobDeclaration...) {
        self.init(jobs: jobs)
    }

    /// - Throws: ``DeclarationError`` for an id that is declared twice.
    package func checkIDs() throws(DeclarationError) {
        var first: [[UInt8]: Int?] = [:]
        first.reserveCapacity(jobs.count)
        for job in jobs {
            if let earlier = first.updateValue(job.line, forKey: Array(job.id.utf8)) {
                let place = earlier.map { " on line \($0)" } ?? ""
                throw DeclarationError(line: job.line, id: job.id, field: "id", "declared before\(place)")
            }
        }
    }
}

/// Where the parts of a JSON file begin, for messages.
private struct Outline {
    /// The keys of the outermost object.
    private(set) var keys: [(key: JSONString, offset: Int)] = []
    /// The elements of the array under the key `jobs`, each with the offsets of its keys.
    private(set) var jobs: [(offset: Int, keys: [JSONString: Int])] = []

    init(_ places: [JSONPlace]) {
        for place in places {
            switch (place.depth, place.key) {
            case (1, let key?): keys.append((key, place.offset))
            case (2, nil) where keys.last?.key == "jobs": jobs.append((place.offset, [:]))
            case (3, let key?) where keys.last?.key == "jobs" && !jobs.isEmpty:
                jobs[jobs.count - 1].keys[key] = place.offset
            default: break
            }
        }
    }
}

/// Finds the line of an offset in a text.
private struct LineIndex {
    private let starts: [Int]

    init(_ text: [UInt8]) {
        starts = [0] + text.indices.filter { text[$0] == UInt8(ascii: "\n") }.map { $0 + 1 }
    }

    /// The line, counted from 1.
    func line(of offset: Int) -> Int {
        var (low, high) = (0, starts.count)
        while low < high {
            let middle = (low + high) / 2
            if starts[middle] <= offset { low = middle + 1 } else { high = middle }
        }
        return max(1, low)
    }
}

/// What is wrong with a file of definitions: the line, the definition and the reason.
package struct DeclarationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The line, counted from 1, where it is known.
    package let line: Int?
    /// The definition's id, where one is concerned.
    package let id: String?
    /// The key that is wrong, where one is.
    package let field: String?
    /// What was wrong and what was expected.
    package let message: String

    package init(line: Int? = nil, id: String? = nil, field: String? = nil, _ message: String) {
        self.line = line
        self.id = id
        self.field = field
        self.message = message
    }

    /// `line 12: job 'metric:pm25': interval: must be at least 1 s, not 0`.
    package var description: String {
        var text = line.map { "line \($0): " } ?? ""
        if let id { text += "job \(quoted(id)): " }
        if let field { text += "\(Self.isPlain(field) ? field : quoted(field)): " }
        return text + message
    }

    /// Whether a key needs no quotes; an unknown key may hold anything.
    private static func isPlain(_ field: String) -> Bool {
        field.utf8.count <= 64 && field.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    }
}
