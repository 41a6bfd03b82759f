/// What is told of a value, part by part, by ``JSONValue/walk(into:)``.
protocol JSONSink {
    /// Whether nothing more is wanted; the walk then stops where it is.
    var isSatisfied: Bool { get }
    /// Whether the keys of an object are wanted in the order of their code points instead of their own.
    var sortsKeys: Bool { get }

    /// A value that is neither array nor object.
    mutating func scalar(_ value: JSONValue)
    mutating func beginArray(isEmpty: Bool)
    /// Another element or key follows one that was told.
    mutating func separate()
    mutating func endArray(isEmpty: Bool)
    mutating func beginObject(isEmpty: Bool)
    mutating func key(_ key: JSONString)
    mutating func endObject(isEmpty: Bool)
}

extension JSONSink {
    var isSatisfied: Bool { false }
    var sortsKeys: Bool { false }
}

/// An array or object in which the walk stands.
private struct OpenContainer {
    var elements: [JSONValue] = []
    var entries: [JSONObject.Entry]?
    var next = 0

    var count: Int { entries?.count ?? elements.count }
}

extension JSONValue {
    /// Tells the value to a sink from left to right, on the heap instead of the stack, however deep it is.
    func walk(into sink: inout some JSONSink) {
        var open: [OpenContainer] = []
        var current = self
        while true {
            switch current {
            case .array(let elements):
                sink.beginArray(isEmpty: elements.isEmpty)
                open.append(OpenContainer(elements: elements))
            case .object(let object):
                sink.beginObject(isEmpty: object.isEmpty)
                let entries = sink.sortsKeys ? object.entries.sorted { $0.key < $1.key } : object.entries
                open.append(OpenContainer(entries: entries))
            default:
                sink.scalar(current)
            }
            guard !sink.isSatisfied, let next = Self.nextValue(in: &open, telling: &sink) else { return }
            current = next
        }
    }

    /// Closes what has come to its end and goes on to the next element or key; `nil` when all is told.
    private static func nextValue(in open: inout [OpenContainer], telling sink: inout some JSONSink) -> JSONValue? {
        while let last = open.indices.last {
            let position = open[last].next
            let count = open[last].count
            if position < count {
                open[last].next = position + 1
                if position > 0 { sink.separate() }
                guard let entry = open[last].entries?[position] else { return open[last].elements[position] }
                sink.key(entry.key)
                return entry.value
            }
            if open[last].entries != nil {
                sink.endObject(isEmpty: count == 0)
            } else {
                sink.endArray(isEmpty: count == 0)
            }
            open.removeLast()
        }
        return nil
    }
}
