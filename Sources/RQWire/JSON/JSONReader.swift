extension JSONValue {
    /// Reads a text as Python's `json.loads` does.
    ///
    /// It accepts `NaN`, `Infinity` and `-Infinity`, integers of any size up to Python's limit, numbers too large for a double
    /// (they become infinite), and escapes of lone surrogates. If a key comes twice, the last value counts.
    ///
    /// - Throws: ``JSONError``, with the offset, for anything that Python refuses: other syntax, invalid UTF-8, a byte order
    ///   mark, integers of more than 4,300 digits, arrays and objects nested deeper than 1,000 levels.
    public init(parsing text: String) throws(JSONError) {
        try self.init(parsing: text, duplicateKeys: .lastCounts)
    }

    /// Reads a text; see ``init(parsing:)``.
    package init(
        parsing text: UnsafeBufferPointer<UInt8>, duplicateKeys: DuplicateKeys = .lastCounts
    ) throws(JSONError) {
        var reader = JSONReader(text, duplicateKeys: duplicateKeys)
        self = try reader.readDocument()
    }

    /// Reads a text; see ``init(parsing:)``.
    package init(parsing text: [UInt8], duplicateKeys: DuplicateKeys = .lastCounts) throws(JSONError) {
        self = try text.withUnsafeBufferPointer { text in
            Result { () throws(JSONError) in try JSONValue(parsing: text, duplicateKeys: duplicateKeys) }
        }
        .get()
    }

    /// Reads a text; see ``init(parsing:)``.
    package init(parsing text: String, duplicateKeys: DuplicateKeys) throws(JSONError) {
        var text = text
        self = try text.withUTF8 { text in
            Result { () throws(JSONError) in try JSONValue(parsing: text, duplicateKeys: duplicateKeys) }
        }
        .get()
    }
}

/// Where a key or an element of a JSON text begins.
package struct JSONPlace: Sendable, Hashable {
    /// How many containers it is in.
    package let depth: Int
    /// The key; `nil` for an element of an array.
    package let key: JSONString?
    /// The byte, counted from 0.
    package let offset: Int
}

extension JSONValue {
    /// Reads a text as Python's `json.loads` does, and says where its parts begin.
    ///
    /// - Parameter depth: How deep the parts lie that are reported.
    /// - Returns: The value, and the places of its keys and elements in the order of the text.
    /// - Throws: ``JSONError``, with the offset, for anything that Python refuses.
    package static func parse(
        _ text: [UInt8], duplicateKeys: DuplicateKeys = .lastCounts, placesToDepth depth: Int
    ) throws(JSONError) -> (value: JSONValue, places: [JSONPlace]) {
        try text.withUnsafeBufferPointer { text in
            Result { () throws(JSONError) in
                try parse(text, duplicateKeys: duplicateKeys, placesToDepth: depth)
            }
        }
        .get()
    }

    /// As the form that takes an array.
    package static func parse(
        _ text: UnsafeBufferPointer<UInt8>, duplicateKeys: DuplicateKeys = .lastCounts, placesToDepth depth: Int
    ) throws(JSONError) -> (value: JSONValue, places: [JSONPlace]) {
        var reader = JSONReader(text, duplicateKeys: duplicateKeys, placesToDepth: depth)
        let value = try reader.readDocument()
        return (value, reader.places)
    }
}

/// What happens if a key comes twice in one object of a JSON text.
package enum DuplicateKeys: Sendable, Hashable {
    /// The last value counts, as in Python. For texts that programs write.
    case lastCounts
    /// It is an error. For texts that people write, where one of the two is mostly a mistake.
    case refused
}

/// An array or object whose end has not been read yet.
private struct UnfinishedContainer {
    var elements: [JSONValue] = []
    var object: JSONObject?
    var key: JSONString

    static func array() -> UnfinishedContainer { UnfinishedContainer(key: JSONString(checkedBytes: [])) }

    static func object(firstKey: JSONString) -> UnfinishedContainer {
        UnfinishedContainer(object: JSONObject(), key: firstKey)
    }

    var isObject: Bool { object != nil }

    mutating func add(_ value: JSONValue) {
        if isObject {
            object?[key] = value
        } else {
            elements.append(value)
        }
    }

    var value: JSONValue { object.map { .object($0) } ?? .array(elements) }
}

/// Reads JSON as Python's `json.loads` does.
///
/// Open containers are on the heap, so nesting takes no stack.
struct JSONReader {
    let text: UnsafeBufferPointer<UInt8>
    var offset = 0
    private var open: [UnfinishedContainer] = []
    private let duplicateKeys: DuplicateKeys
    private let placesToDepth: Int
    private(set) var places: [JSONPlace] = []

    init(
        _ text: UnsafeBufferPointer<UInt8>, duplicateKeys: DuplicateKeys = .lastCounts, placesToDepth: Int = 0
    ) {
        self.text = text
        self.duplicateKeys = duplicateKeys
        self.placesToDepth = placesToDepth
    }

    /// Reads the one value of the text.
    mutating func readDocument() throws(JSONError) -> JSONValue {
        while true {
            skipWhitespace()
            if placesToDepth > 0, let last = open.last, !last.isObject { note(nil, at: offset, depth: open.count) }
            guard var value = try readScalarOrOpen() else { continue }
            // A complete value goes into its container, which may become complete too.
            while true {
                skipWhitespace()
                guard let last = open.indices.last else {
                    guard offset == text.count else { throw syntax("the end of the text") }
                    return value
                }
                open[last].add(value)
                if skip(",") {
                    if open[last].isObject {
                        skipWhitespace()
                        let start = offset
                        open[last].key = try readKey()
                        note(open[last].key, at: start, depth: open.count)
                        try checkKey(of: open[last], at: start)
                    }
                    break
                }
                let isObject = open[last].isObject
                guard skip(isObject ? "}" : "]") else { throw syntax(isObject ? "',' or '}'" : "',' or ']'") }
                value = open[last].value
                open.removeLast()
            }
        }
    }

    /// Reads a scalar or an empty container; `nil` if it opened a container instead.
    private mutating func readScalarOrOpen() throws(JSONError) -> JSONValue? {
        guard offset < text.count else { throw syntax("a value") }
        switch text[offset] {
        case UInt8(ascii: "\""):
            return .string(try readString())
        case UInt8(ascii: "["):
            try checkDepth()
            offset += 1
            skipWhitespace()
            if skip("]") { return .array([]) }
            open.append(.array())
            return nil
        case UInt8(ascii: "{"):
            try checkDepth()
            offset += 1
            skipWhitespace()
            if skip("}") { return .object([:]) }
            let start = offset
            open.append(.object(firstKey: try readKey()))
            note(open[open.count - 1].key, at: start, depth: open.count)
            return nil
        case UInt8(ascii: "n") where skipWord("null"): return .null
        case UInt8(ascii: "t") where skipWord("true"): return .bool(true)
        case UInt8(ascii: "f") where skipWord("false"): return .bool(false)
        case UInt8(ascii: "N") where skipWord("NaN"): return .double(.nan)
        case UInt8(ascii: "I") where skipWord("Infinity"): return .double(.infinity)
        case UInt8(ascii: "-") where skipWord("-Infinity"): return .double(-.infinity)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try readNumber()
        default: throw syntax("a value")
        }
    }

    /// Reads a key and the colon after it.
    private mutating func readKey() throws(JSONError) -> JSONString {
        guard offset < text.count, text[offset] == UInt8(ascii: "\"") else { throw syntax("a key in double quotes") }
        let key = try readString()
        skipWhitespace()
        guard skip(":") else { throw syntax("':'") }
        return key
    }

    private mutating func note(_ key: JSONString?, at offset: Int, depth: Int) {
        if depth <= placesToDepth { places.append(JSONPlace(depth: depth, key: key, offset: offset)) }
    }

    /// - Throws: ``JSONError`` if the object has the key already, and duplicates are refused.
    private func checkKey(of container: UnfinishedContainer, at start: Int) throws(JSONError) {
        guard duplicateKeys == .refused, container.object?[container.key] != nil else { return }
        throw JSONError(
            .duplicateKey, at: start, expected: "each key once, not \(JSONValue.string(container.key)) again")
    }

    private func checkDepth() throws(JSONError) {
        guard open.count < JSONValue.maximalDepth else {
            throw JSONError(
                .tooDeep, at: offset, expected: "at most \(JSONValue.maximalDepth) nested arrays and objects")
        }
    }

    private mutating func skipWhitespace() {
        while offset < text.count {
            switch text[offset] {
            case 0x20, 0x09, 0x0A, 0x0D: offset += 1
            default: return
            }
        }
    }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard offset < text.count, text[offset] == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    private mutating func skipWord(_ word: StaticString) -> Bool {
        let length = word.utf8CodeUnitCount
        guard text.count - offset >= length else { return false }
        for index in 0..<length where text[offset + index] != word.utf8Start[index] { return false }
        offset += length
        return true
    }

    /// An error of grammar at the current position.
    func syntax(_ expected: String) -> JSONError {
        let end = offset >= text.count ? ", but the text ended" : ""
        return JSONError(.syntax, at: offset, expected: expected + end)
    }
}
