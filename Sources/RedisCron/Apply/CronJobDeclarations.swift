import RQWire

/// Definitions that are to stand in Redis, and where they come from.
public struct CronJobDeclarations: Sendable, Hashable, ExpressibleByArrayLiteral {
    /// The name under which what was made is remembered, so that pruning removes only that.
    public var source: String?
    /// The definitions, with ids that differ.
    public var jobs: [CronJobDeclaration]

    /// Declares definitions.
    public init(source: String? = nil, jobs: [CronJobDeclaration]) {
        self.source = source
        self.jobs = jobs
    }

    /// Reads a file in either form: JSON if it begins with a brace, and the crontab-like text otherwise.
    ///
    /// A byte order mark of UTF-8, which some editors write, is passed over.
    ///
    /// - Throws: ``DeclarationError`` with the first line that is wrong.
    public init(parsing text: [UInt8]) throws(DeclarationError) {
        if text.starts(with: [0xFF, 0xFE]) || text.starts(with: [0xFE, 0xFF]) {
            throw DeclarationError(line: 1, "the file is in UTF-16; save it in UTF-8")
        }
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let text = text.starts(with: mark) ? Array(text.dropFirst(mark.count)) : text
        let first = text.first { $0 > 0x20 }
        if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
            try self.init(json: text)
        } else {
            try self.init(crontab: text)
        }
    }

    /// Reads JSON: `{"source": "metrics", "jobs": [{"id": …, "func": …, "queue": …, "interval": 300}]}`.
    ///
    /// - Throws: ``DeclarationError`` with the first line that is wrong, an unknown key included.
    public init(json text: [UInt8]) throws(DeclarationError) {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: text, duplicateKeys: .refused)
        } catch {
            let line = JSONOutline.line(of: error.offset, in: text)
            let complaint = error.code == .duplicateKey ? "" : "no JSON: "
            throw DeclarationError(line: line, complaint + "expected \(error.expected)")
        }
        guard case .object(let object) = value else {
            throw DeclarationError(line: 1, "expected an object with a key \"jobs\", an array of definitions")
        }
        let outline = JSONOutline(text)
        let lines = LineIndex(text)
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
        guard case .array(let values)? = object["jobs"], values.count == outline.elements.count else {
            throw DeclarationError(line: 1, field: "jobs", "missing, or no array of definitions")
        }
        jobs = []
        jobs.reserveCapacity(values.count)
        for (value, place) in zip(values, outline.elements) {
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

    /// - Throws: ``DeclarationError`` when an id stands there twice.
    func checkIDs() throws(DeclarationError) {
        var first: [[UInt8]: Int?] = [:]
        first.reserveCapacity(jobs.count)
        for job in jobs {
            if let earlier = first.updateValue(job.line, forKey: Array(job.id.utf8)) {
                let place = earlier.map { " on line \($0)" } ?? ""
                throw DeclarationError(line: job.line, id: job.id, field: "id", "stands there before\(place)")
            }
        }
    }
}

/// Finds the line of an offset in a text.
struct LineIndex {
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
