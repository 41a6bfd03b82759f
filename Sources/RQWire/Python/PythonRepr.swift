extension JSONValue {
    /// The value as Python's `repr` prints it.
    package var pythonRepr: String {
        var bytes: [UInt8] = []
        PythonRepr.append(self, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Writes values as Python's `repr` does.
///
/// The general category of a code point decides whether it is printable (Python's `str.isprintable`), in Swift's version of
/// Unicode. A character that is too new for some Python is printed here and escaped there. This only shows in a job's
/// description.
struct PythonRepr: JSONSink {
    private var bytes: [UInt8] = []
    /// Writing stops after this many bytes.
    private let byteLimit: Int

    private init(byteLimit: Int) {
        self.byteLimit = byteLimit
    }

    /// Appends the `repr` of a value.
    static func append(_ value: JSONValue, to bytes: inout [UInt8]) {
        var writer = PythonRepr(byteLimit: .max)
        swap(&writer.bytes, &bytes)
        value.walk(into: &writer)
        swap(&writer.bytes, &bytes)
    }

    /// Appends the `repr` of a value as RQ shortens it: it is cut after `maximalLength` code points, and `...` follows.
    ///
    /// Only the part that is needed is written, though a long string is searched for quotes as a whole.
    static func append(_ value: JSONValue, to bytes: inout [UInt8], maximalLength: Int) {
        let start = bytes.count
        // A code point takes at most four bytes. One more code point shows that a cut is needed.
        var writer = PythonRepr(byteLimit: start + 4 * (maximalLength + 1))
        swap(&writer.bytes, &bytes)
        value.walk(into: &writer)
        swap(&writer.bytes, &bytes)
        var length = 0
        for position in bytes[start...].indices where bytes[position] & 0xC0 != 0x80 {
            if length == maximalLength {
                bytes.removeSubrange(position...)
                bytes.append(contentsOf: "...".utf8)
                return
            }
            length += 1
        }
    }

    /// Text of unknown origin for an error message: its `repr`, cut after 75 code points, with U+FFFD for invalid UTF-8.
    ///
    /// `Cron` and `RedisCron` quote in their own ways; here the text came from Python or goes there.
    static func excerpt(of text: some Sequence<UInt8>) -> String {
        let text = String(decoding: Array(text.prefix(4 * 76)), as: UTF8.self)
        var bytes: [UInt8] = []
        append(.string(text), to: &bytes, maximalLength: 75)
        return String(decoding: bytes, as: UTF8.self)
    }

    var isSatisfied: Bool { bytes.count >= byteLimit }

    mutating func scalar(_ value: JSONValue) {
        switch value {
        case .null: bytes.append(contentsOf: "None".utf8)
        case .bool(let value): bytes.append(contentsOf: value ? "True".utf8 : "False".utf8)
        case .int(let value): DecimalText.append(value, to: &bytes)
        case .bigInt(let value): bytes.append(contentsOf: value.bytes)
        case .double(let value): PythonFloat.append(value, to: &bytes)
        case .string(let value): appendString(value.bytes)
        case .array, .object: break
        }
    }

    mutating func beginArray(isEmpty: Bool) { bytes.append(UInt8(ascii: "[")) }

    mutating func separate() { bytes.append(contentsOf: ", ".utf8) }

    mutating func endArray(isEmpty: Bool) { bytes.append(UInt8(ascii: "]")) }

    mutating func beginObject(isEmpty: Bool) { bytes.append(UInt8(ascii: "{")) }

    mutating func key(_ key: JSONString) {
        appendString(key.bytes)
        bytes.append(contentsOf: ": ".utf8)
    }

    mutating func endObject(isEmpty: Bool) { bytes.append(UInt8(ascii: "}")) }

    private mutating func appendString(_ text: [UInt8]) {
        let usesDoubleQuotes = text.contains(UInt8(ascii: "'")) && !text.contains(UInt8(ascii: "\""))
        let quote = UInt8(ascii: usesDoubleQuotes ? "\"" : "'")
        bytes.append(quote)
        text.withUnsafeBufferPointer { text in
            var start = 0
            while start < text.count, !isSatisfied {
                let end = Self.endOfPlainText(text, from: start, quote: quote)
                bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<min(end, start &+ maximalRun)]))
                guard end < text.count else { break }
                let (codePoint, length) = GeneralizedUTF8.decode(text, at: end)
                if codePoint >= 0x80 && PythonCharacters.isPrintable(codePoint) {
                    bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[end..<(end + length)]))
                } else {
                    PythonCharacters.appendEscape(codePoint, to: &bytes)
                }
                start = end + length
            }
        }
        bytes.append(quote)
    }

    /// Bytes of plain text that may still be written.
    private var maximalRun: Int { byteLimit - bytes.count }

    private static func endOfPlainText(_ text: UnsafeBufferPointer<UInt8>, from start: Int, quote: UInt8) -> Int {
        var end = start
        while end < text.count {
            let byte = text[end]
            guard byte >= 0x20, byte < 0x7F, byte != quote, byte != UInt8(ascii: "\\") else { break }
            end += 1
        }
        return end
    }
}
