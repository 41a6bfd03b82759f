import RQWire

/// Reads values as Python or JSON writes them.
///
/// Strings and numbers are handed to the JSON reader, in JSON's own spelling, so that they mean the same everywhere.
struct PythonLiteralReader {
    private let text: ArraySlice<UInt8>
    private(set) var position: Int

    init(_ text: ArraySlice<UInt8>) {
        self.text = text
        position = text.startIndex
    }

    private var current: UInt8? { position < text.endIndex ? text[position] : nil }

    func expected(_ what: String) -> PythonLiteralError {
        PythonLiteralError(position: position, expected: what)
    }

    private mutating func skipBlanks() {
        while let byte = current, byte == 0x20 || byte == 0x09 { position += 1 }
    }

    mutating func takes(_ symbol: Unicode.Scalar) -> Bool {
        skipBlanks()
        guard current == UInt8(ascii: symbol) else { return false }
        position += 1
        return true
    }

    mutating func take(_ symbol: Unicode.Scalar, _ what: String) throws(PythonLiteralError) {
        guard takes(symbol) else { throw expected(what) }
    }

    /// Takes a Python name, which may have letters of any script; empty when there is none.
    mutating func takeName(dotted: Bool) -> String {
        skipBlanks()
        let start = position
        while let byte = current, Self.isNamePart(byte) || (dotted && byte == UInt8(ascii: ".")) { position += 1 }
        return String(decoding: text[start..<position], as: UTF8.self)
    }

    private static func isNamePart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...: true
        default: false
        }
    }

    /// Takes `name=`, or nothing.
    mutating func takeKeyword() -> String? {
        let start = position
        let name = takeName(dotted: false)
        if let first = name.utf8.first, !(48...57).contains(first), takes("=") { return name }
        position = start
        return nil
    }

    /// Takes a value.
    ///
    /// - Parameter depth: How many lists and dictionaries are open around it.
    mutating func value(depth: Int) throws(PythonLiteralError) -> JSONValue {
        guard depth < 100 else { throw expected("no more than 100 levels") }
        skipBlanks()
        switch current {
        case UInt8(ascii: "\"")?, UInt8(ascii: "'")?: return .string(try string())
        case UInt8(ascii: "[")?: return .array(try elements(until: "]", depth: depth))
        case UInt8(ascii: "(")?: return .array(try elements(until: ")", depth: depth))
        case UInt8(ascii: "{")?: return .object(try dictionary(depth: depth))
        default: return try nameOrNumber()
        }
    }

    private mutating func elements(until end: Unicode.Scalar, depth: Int) throws(PythonLiteralError) -> [JSONValue] {
        position += 1
        var values: [JSONValue] = []
        while !takes(end) {
            values.append(try value(depth: depth + 1))
            if takes(end) { break }
            try take(",", "',' or '\(end)'")
        }
        return values
    }

    private mutating func dictionary(depth: Int) throws(PythonLiteralError) -> JSONObject {
        position += 1
        var object: JSONObject = [:]
        while !takes("}") {
            skipBlanks()
            guard current == UInt8(ascii: "\"") || current == UInt8(ascii: "'") else {
                throw expected("a key in quotes")
            }
            let start = position
            let key = try string()
            guard object[key] == nil else {
                position = start
                throw expected("each key once, not \(JSONValue.string(key)) again")
            }
            try take(":", "':' after a key")
            object[key] = try value(depth: depth + 1)
            if takes("}") { break }
            try take(",", "',' or '}'")
        }
        return object
    }

    private static let names: [String: JSONValue] = [
        "True": .bool(true), "true": .bool(true), "False": .bool(false), "false": .bool(false), "None": .null,
        "null": .null, "nan": .double(.nan), "NaN": .double(.nan), "inf": .double(.infinity),
        "Infinity": .double(.infinity), "-inf": .double(-.infinity), "-Infinity": .double(-.infinity),
    ]

    private mutating func nameOrNumber() throws(PythonLiteralError) -> JSONValue {
        let start = position
        let marks: [UInt8] = [UInt8(ascii: "."), UInt8(ascii: "+"), UInt8(ascii: "-")]
        while let byte = current, Self.isNamePart(byte) || marks.contains(byte) { position += 1 }
        let word = text[start..<position]
        if let value = Self.names[String(decoding: word, as: UTF8.self)] { return value }
        guard let value = try? JSONValue(parsing: Array(word)) else {
            position = start
            throw expected("a value: a number, a text in quotes, True, False, None, a list or a dictionary")
        }
        return value
    }

    /// Takes a text in quotes of either kind, with Python's escapes.
    private mutating func string() throws(PythonLiteralError) -> JSONString {
        guard let quote = current else { throw expected("a text in quotes") }
        let start = position
        position += 1
        var json: [UInt8] = [UInt8(ascii: "\"")]
        while true {
            guard let byte = current else {
                position = start
                throw expected("a closing quote")
            }
            position += 1
            switch byte {
            case quote:
                json.append(UInt8(ascii: "\""))
                guard case .string(let string)? = try? JSONValue(parsing: json) else {
                    position = start
                    throw expected("a text with valid escapes")
                }
                return string
            case UInt8(ascii: "\""): json += Array("\\\"".utf8)
            case UInt8(ascii: "\\"): try escape(into: &json)
            case 0..<0x20: json += Array("\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8)
            default: json.append(byte)
            }
        }
    }

    /// Turns one of Python's escapes into JSON's.
    private mutating func escape(into json: inout [UInt8]) throws(PythonLiteralError) {
        guard let kind = current else { throw expected("a character after the backslash") }
        position += 1
        switch UnicodeScalar(kind) {
        case "x": json += Array("\\u00".utf8) + (try digits(2))
        case "u": json += Array("\\u".utf8) + (try digits(4))
        case "U":
            let code = UInt32(String(decoding: try digits(8), as: UTF8.self), radix: 16)
            guard let scalar = code.flatMap(UnicodeScalar.init) else { throw expected("a Unicode code point") }
            json += Array(String(scalar).utf8)
        case "'": json.append(kind)
        case "\"", "\\", "/", "b", "f", "n", "r", "t": json += [UInt8(ascii: "\\"), kind]
        // With a digit behind it, it would be the beginning of an octal escape, which JSON's form does not have.
        case "0" where !(current.map { (0x30...0x39).contains($0) } ?? false): json += Array("\\u0000".utf8)
        case "a": json += Array("\\u0007".utf8)
        case "v": json += Array("\\u000b".utf8)
        default:
            position -= 1
            throw expected("an escape such as \\n, \\x41 or \\u00e9")
        }
    }

    private mutating func digits(_ count: Int) throws(PythonLiteralError) -> [UInt8] {
        let end = position + count
        guard end <= text.endIndex else { throw expected("\(count) hexadecimal digits") }
        let digits = Array(text[position..<end])
        guard digits.allSatisfy({ UnicodeScalar($0).properties.isASCIIHexDigit }) else {
            throw expected("\(count) hexadecimal digits")
        }
        position = end
        return digits
    }
}
