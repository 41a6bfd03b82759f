/// A file of declarations cannot be understood: which line, which definition, and why.
///
/// Nothing was applied.
public struct DeclarationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The line, counted from 1, where it is known.
    public let line: Int?
    /// The definition's id, where one is concerned.
    public let id: String?
    /// The key that is wrong, where one is.
    public let field: String?
    /// What was wrong and what was expected.
    public let message: String

    init(line: Int? = nil, id: String? = nil, field: String? = nil, _ message: String) {
        self.line = line
        self.id = id
        self.field = field
        self.message = message
    }

    /// `line 12: job 'metric:pm25': interval: must be at least 1 s, not 0`.
    public var description: String {
        var text = line.map { "line \($0): " } ?? ""
        if let id { text += "job \(quoted(id)): " }
        if let field { text += "\(Self.isPlain(field) ? field : quoted(field)): " }
        return text + message
    }

    /// Whether a key shows as itself: it may be one that nobody knows.
    private static func isPlain(_ field: String) -> Bool {
        field.utf8.count <= 64 && field.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    }
}
