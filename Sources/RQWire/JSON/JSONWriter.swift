/// The arguments of Python's `json.dumps`.
package enum JSONStyle: Sendable, Hashable {
    /// `separators=(",", ":"), sort_keys=True`, with which rq-rediscron writes the fields of a definition and its events.
    case compactSorted
    /// No arguments: RQ's `JSONSerializer` writes a job like this.
    case spaced
    /// `separators=(",", ":")`: for fields of a definition that rq-rediscron does not know, in the order of RQ's own names.
    case compact
}

extension JSONValue {
    /// Appends the value as Python's `json.dumps` writes it, byte for byte.
    ///
    /// Everything beyond ASCII is escaped, lone surrogates too, and floats are written as Python's `repr`.
    package func appendPythonJSON(to bytes: inout [UInt8], style: JSONStyle = .compactSorted) {
        var writer = JSONWriter(style: style)
        swap(&writer.bytes, &bytes)
        walk(into: &writer)
        swap(&writer.bytes, &bytes)
    }

    /// Appends an object whose entries are made one after the other, in their order.
    ///
    /// - Parameter entries: Hands each entry to the closure that it gets.
    package static func appendPythonObject(
        to bytes: inout [UInt8], style: JSONStyle, _ entries: ((JSONString, JSONValue) -> Void) -> Void
    ) {
        var writer = JSONWriter(style: style)
        swap(&writer.bytes, &bytes)
        writer.beginObject(isEmpty: false)
        var isFirst = true
        entries { key, value in
            if !isFirst { writer.separate() }
            isFirst = false
            writer.key(key)
            value.walk(into: &writer)
        }
        writer.endObject(isEmpty: isFirst)
        swap(&writer.bytes, &bytes)
    }

    /// The value as a field of a definition's hash: `json.dumps(value, separators=(",", ":"), sort_keys=True)`.
    package var wireText: String {
        var bytes: [UInt8] = []
        appendPythonJSON(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Writes JSON as Python's `json.dumps` does.
struct JSONWriter: JSONSink {
    let style: JSONStyle
    var bytes: [UInt8] = []

    var sortsKeys: Bool { style == .compactSorted }

    init(style: JSONStyle) {
        self.style = style
    }

    mutating func scalar(_ value: JSONValue) {
        switch value {
        case .null: bytes.append(contentsOf: "null".utf8)
        case .bool(let value): bytes.append(contentsOf: value ? "true".utf8 : "false".utf8)
        case .int(let value): DecimalText.append(value, to: &bytes)
        case .bigInt(let value): bytes.append(contentsOf: value.bytes)
        case .double(let value): appendNumber(value)
        case .string(let value): appendString(value.bytes)
        case .array, .object: break
        }
    }

    mutating func beginArray(isEmpty: Bool) { bytes.append(UInt8(ascii: "[")) }

    mutating func separate() {
        bytes.append(UInt8(ascii: ","))
        if style == .spaced { bytes.append(UInt8(ascii: " ")) }
    }

    mutating func endArray(isEmpty: Bool) { bytes.append(UInt8(ascii: "]")) }

    mutating func beginObject(isEmpty: Bool) { bytes.append(UInt8(ascii: "{")) }

    mutating func key(_ key: JSONString) {
        appendString(key.bytes)
        bytes.append(UInt8(ascii: ":"))
        if style == .spaced { bytes.append(UInt8(ascii: " ")) }
    }

    mutating func endObject(isEmpty: Bool) { bytes.append(UInt8(ascii: "}")) }

    private mutating func appendNumber(_ number: Double) {
        if number.isNaN {
            bytes.append(contentsOf: "NaN".utf8)
        } else if number.isInfinite {
            bytes.append(contentsOf: number < 0 ? "-Infinity".utf8 : "Infinity".utf8)
        } else {
            PythonFloat.append(number, to: &bytes)
        }
    }

    /// Appends a string in quotes.
    mutating func appendString(_ text: [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        text.withUnsafeBufferPointer { text in
            var start = 0
            while start < text.count {
                var end = start
                while end < text.count, Self.isPlain(text[end]) { end += 1 }
                bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<end]))
                guard end < text.count else { break }
                let (codePoint, length) = GeneralizedUTF8.decode(text, at: end)
                appendEscaped(codePoint)
                start = end + length
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    private mutating func appendEscaped(_ codePoint: UInt32) {
        switch codePoint {
        case 0x22: bytes.append(contentsOf: "\\\"".utf8)
        case 0x5C: bytes.append(contentsOf: "\\\\".utf8)
        case 0x08: bytes.append(contentsOf: "\\b".utf8)
        case 0x09: bytes.append(contentsOf: "\\t".utf8)
        case 0x0A: bytes.append(contentsOf: "\\n".utf8)
        case 0x0C: bytes.append(contentsOf: "\\f".utf8)
        case 0x0D: bytes.append(contentsOf: "\\r".utf8)
        case 0x10000...:
            appendUnit(0xD7C0 + codePoint >> 10)
            appendUnit(0xDC00 + codePoint & 0x3FF)
        default: appendUnit(codePoint)
        }
    }

    private mutating func appendUnit(_ unit: UInt32) {
        bytes.append(contentsOf: "\\u".utf8)
        Hexadecimal.append(unit, digits: 4, to: &bytes)
    }
}
