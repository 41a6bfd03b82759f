import RQWire
import RedisCron

/// Reads the query of a request to the API: what is wrong in it, unknown or given twice is refused.
struct QueryReader {
    private let items: QueryItems

    /// - Throws: ``Problem`` of 400 for a name that is not among `names`, and for one that comes twice.
    init(_ items: QueryItems, _ names: String...) throws(Problem) {
        self.items = items
        var seen: Set<String> = []
        for item in items.items {
            guard names.contains(item.name) else {
                let known =
                    names.isEmpty ? "there are no parameters" : "the parameters are \(names.joined(separator: ", "))"
                throw Problem(400, "unknown parameter; \(known)", field: item.name)
            }
            guard seen.insert(item.name).inserted else { throw Problem(400, "given twice", field: item.name) }
        }
    }

    /// A text; `nil` where it is not given, or empty.
    func text(_ name: String) -> String? {
        items[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// A text as it is given, also an empty one.
    func raw(_ name: String) -> String? { items[name] }

    func number(_ name: String, in range: ClosedRange<Int>, default missing: Int) throws(Problem) -> Int {
        guard let text = items[name] else { return missing }
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text), range.contains(number)
        else {
            throw Problem(
                400, "must be a whole number from \(range.lowerBound) to \(range.upperBound), not \(quoted(text))",
                field: name)
        }
        return number
    }

    /// `true` and `1`, or `false` and `0`, which is meant where it is not given.
    func flag(_ name: String) throws(Problem) -> Bool {
        switch items[name] {
        case nil, "false", "0": return false
        case "true", "1": return true
        case let text?: throw Problem(400, "must be true or false, not \(quoted(text))", field: name)
        }
    }

    func time(_ name: String) throws(Problem) -> Timestamp? {
        guard let text = items[name] else { return nil }
        return try GivenText(text, of: name, status: 400).time()
    }

    /// One of a few words.
    func word<Value: RawRepresentable & CaseIterable>(
        _ name: String, _ type: Value.Type = Value.self
    ) throws(Problem) -> Value? where Value.RawValue == String {
        guard let text = items[name] else { return nil }
        return try GivenText(text, of: name, status: 400).word()
    }
}

/// A text that says something else, in a query or a body.
struct GivenText {
    private let text: String
    private let field: String
    private let status: Int

    /// - Parameter status: Of the ``Problem`` where it does not say what it should.
    init(_ text: String, of field: String, status: Int) {
        self.text = text
        self.field = field
        self.status = status
    }

    func time() throws(Problem) -> Timestamp {
        guard let time = Timestamp(parsingWithOffset: Array(text.utf8)) else {
            throw Problem(status, "must be \(Timestamp.expectation), not \(quoted(text))", field: field)
        }
        return time
    }

    /// One of a few words.
    func word<Value: RawRepresentable & CaseIterable>() throws(Problem) -> Value where Value.RawValue == String {
        guard let value = Value(rawValue: text) else {
            throw Problem(status, "must be \(Value.words), not \(quoted(text))", field: field)
        }
        return value
    }
}

extension RawRepresentable where Self: CaseIterable, RawValue == String {
    /// `skip, wait or allow`, for messages.
    static var words: String {
        let words = allCases.map(\.rawValue)
        return words.count < 2
            ? words.joined() : "\(words.dropLast().joined(separator: ", ")) or \(words[words.count - 1])"
    }
}

extension Timestamp {
    /// What a time must be, for messages.
    static let expectation = "a time such as 2026-06-03T05:40:00Z or 2026-06-03T07:40:00+02:00"
}
