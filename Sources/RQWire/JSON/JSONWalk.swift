/// Receives the parts of a value from ``JSONValue/walk(into:)``.
protocol JSONSink {
    /// Whether the sink has enough; the walk then stops.
    var isSatisfied: Bool { get }
    /// Whether keys are sorted by code points instead of keeping their own order.
    var sortsKeys: Bool { get }

    /// A value that is neither array nor object.
    mutating func scalar(_ value: JSONValue)
    mutating func beginArray(isEmpty: Bool)
    /// Another element or key follows.
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

/// An array or object that the walk is inside of.
private struct OpenContainer {
    var elements: [JSONValue] = []
    var entries: [JSONObject.Entry]?
    var next = 0

    var count: Int { entries?.count ?? elements.count }
}

extension JSONValue {
    /// Hands the value to a sink from left to right.
    ///
    /// It uses the heap instead of the stack, however deep the value is.
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
            guard !sink.isSatisfied, let next = Self.nextValue(in: &open, to: &sink) else { return }
            current = next
        }
    }

    /// Closes finished containers and moves on to the next element or key; `nil` at the end.
    private static func nextValue(in open: inout [OpenContainer], to sink: inout some JSONSink) -> JSONValue? {
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
