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
        try self.init(DeclarationReader(DeclarationReader.whole(text)))
    }

    /// Reads JSON: `{"source": "metrics", "jobs": [{"id": …, "func": …, "queue": …, "interval": 300}]}`.
    ///
    /// - Throws: ``DeclarationError`` for the first line that is wrong, which may hold an unknown key.
    package init(jsonFile text: [UInt8]) throws(DeclarationError) {
        try self.init(DeclarationReader(text, isJSON: true))
    }

    /// Reads the crontab-like text: a definition a line, `name  schedule  queue  function(args)`, settings and comments.
    ///
    /// - Throws: ``DeclarationError`` for the first line that is wrong.
    package init(crontabFile text: [UInt8]) throws(DeclarationError) {
        try self.init(DeclarationReader(text, isJSON: false))
    }

    private init(_ reader: consuming DeclarationReader) throws(DeclarationError) {
        var reader = reader
        jobs = []
        while let job = try reader.next() { jobs.append(job) }
        source = reader.source
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
