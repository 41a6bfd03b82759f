/// Reads values like Python's `ast.literal_eval`, as far as JSON can hold them.
///
/// It also knows JSON's names `true`, `false`, `null`, `NaN` and `Infinity`, and `nan` and `inf`, which Python prints but does
/// not read. What JSON cannot hold is refused: bytes, sets, complex numbers, and keys that are not strings. So is what means
/// one thing in Python and another in JSON. Tuples become lists.
package struct PythonLiteralReader {
    let text: ArraySlice<UInt8>
    package internal(set) var position: Int

    /// How deeply a value may be nested in lists and dictionaries.
    private static let maximalDepth = 100

    package init(_ text: ArraySlice<UInt8>) {
        self.text = text
        position = text.startIndex
    }

    var current: UInt8? { position < text.endIndex ? text[position] : nil }

    /// The byte `distance` after the current one.
    func byte(ahead distance: Int) -> UInt8? {
        position + distance < text.endIndex ? text[position + distance] : nil
    }

    package func expected(_ what: String) -> PythonLiteralError {
        PythonLiteralError(position: position, expected: what)
    }

    private mutating func skipBlanks() {
        while let byte = current, byte == 0x20 || byte == 0x09 { position += 1 }
    }

    package mutating func takes(_ symbol: Unicode.Scalar) -> Bool {
        skipBlanks()
        guard current == UInt8(ascii: symbol) else { return false }
        position += 1
        return true
    }

    package mutating func take(_ symbol: Unicode.Scalar, _ what: String) throws(PythonLiteralError) {
        guard takes(symbol) else { throw expected(what) }
    }

    /// Takes a Python name, which may have letters of any script; empty if there is none.
    package mutating func takeName(dotted: Bool) -> String {
        skipBlanks()
        let start = position
        while let byte = current, Self.isNamePart(byte) || (dotted && byte == UInt8(ascii: ".")) { position += 1 }
        return String(decoding: text[start..<position], as: UTF8.self)
    }

    static func isNamePart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...: true
        default: false
        }
    }

    /// Takes `name=`, or nothing.
    package mutating func takeKeyword() -> String? {
        let start = position
        let name = takeName(dotted: false)
        if let first = name.utf8.first, !(48...57).contains(first), takes("=") { return name }
        position = start
        return nil
    }

    // MARK: Values

    /// Takes a value.
    package mutating func value() throws(PythonLiteralError) -> JSONValue {
        try value(depth: 0)
    }

    private mutating func value(depth: Int) throws(PythonLiteralError) -> JSONValue {
        guard depth < Self.maximalDepth else { throw expected("no more than \(Self.maximalDepth) levels") }
        skipBlanks()
        switch current {
        case UInt8(ascii: "[")?:
            position += 1
            return .array(try elements(until: "]", depth: depth).values)
        case UInt8(ascii: "(")?:
            position += 1
            let (values, hasComma) = try elements(until: ")", depth: depth)
            // Parentheses make a tuple only around nothing or a comma.
            return values.count == 1 && !hasComma ? values[0] : .array(values)
        case UInt8(ascii: "{")?:
            position += 1
            return .object(try dictionary(depth: depth))
        default:
            if let string = try strings() { return .string(string) }
            return try nameOrNumber()
        }
    }

    /// Reads values separated by commas, up to a bracket.
    ///
    /// A comma may follow the last one.
    private mutating func elements(
        until end: Unicode.Scalar, depth: Int
    ) throws(PythonLiteralError) -> (values: [JSONValue], hasComma: Bool) {
        var values: [JSONValue] = []
        var hasComma = false
        while !takes(end) {
            values.append(try value(depth: depth + 1))
            if takes(end) { break }
            try take(",", "',' or '\(end)'")
            hasComma = true
        }
        return (values, hasComma)
    }

    private mutating func dictionary(depth: Int) throws(PythonLiteralError) -> JSONObject {
        var object: JSONObject = [:]
        while !takes("}") {
            skipBlanks()
            let start = position
            guard let key = try strings() else { throw expected("a key in quotes, since JSON has no other keys") }
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

    /// Takes adjacent strings, which Python joins; `nil` when there is none.
    private mutating func strings() throws(PythonLiteralError) -> JSONString? {
        guard let prefix = PythonStringPrefix(at: position, in: text) else { return nil }
        var codePoints = PythonCodePoints()
        try string(prefix, into: &codePoints)
        while true {
            let end = position
            skipBlanks()
            guard let prefix = PythonStringPrefix(at: position, in: text) else {
                position = end
                return JSONString(checkedBytes: codePoints.bytes)
            }
            try string(prefix, into: &codePoints)
        }
    }

    // MARK: Names and numbers

    private static let names: [String: JSONValue] = [
        "True": .bool(true), "true": .bool(true), "False": .bool(false), "false": .bool(false), "None": .null,
        "null": .null, "nan": .double(.nan), "NaN": .double(.nan), "inf": .double(.infinity),
        "Infinity": .double(.infinity),
    ]

    private mutating func nameOrNumber() throws(PythonLiteralError) -> JSONValue {
        let start = position
        var sign: UInt8?
        if let byte = current, byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") {
            sign = byte
            position += 1
            skipBlanks()
        }
        let isNegative = sign == UInt8(ascii: "-")
        if let number = PythonNumberToken(at: position, in: text) {
            guard let value = number.value(isNegative: isNegative) else {
                position = start
                throw expected(number.refusal)
            }
            position = number.end
            return value
        }
        let name = takeName(dotted: false)
        if let value = Self.names[name] {
            guard sign != nil else { return value }
            if case .double(let number) = value { return .double(isNegative ? -number : number) }
        }
        position = start
        throw expected(
            "a value: a number, a text in quotes, True, False, None, a list, a tuple or a dictionary with texts as keys"
        )
    }
}

/// Where a value or call could not be read, and what was expected there.
package struct PythonLiteralError: Error, Equatable {
    package let position: Int
    package let expected: String
}
