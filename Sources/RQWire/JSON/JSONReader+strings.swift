extension JSONReader {
    /// Reads a string whose opening quote is next.
    mutating func readString() throws(JSONError) -> JSONString {
        offset += 1
        var start = offset
        var bytes: [UInt8] = []
        while true {
            try skipPlainCharacters()
            let plain = UnsafeBufferPointer(rebasing: text[start..<offset])
            guard offset < text.count else { throw syntax("the closing quote of a string") }
            switch text[offset] {
            case UInt8(ascii: "\""):
                offset += 1
                if bytes.isEmpty { return JSONString(checkedBytes: Array(plain)) }
                bytes.append(contentsOf: plain)
                return JSONString(checkedBytes: bytes)
            case UInt8(ascii: "\\"):
                bytes.append(contentsOf: plain)
                try readEscape(to: &bytes)
                start = offset
            default:
                throw syntax("an escape in place of a control character")
            }
        }
    }

    /// Skips to the next quote, backslash or control character, or to the end.
    private mutating func skipPlainCharacters() throws(JSONError) {
        while offset < text.count {
            let byte = text[offset]
            if byte >= 0x80 {
                guard let length = GeneralizedUTF8.strictLength(text, at: offset) else {
                    throw JSONError(.encoding, at: offset, expected: "UTF-8")
                }
                offset += length
            } else if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                return
            } else {
                offset += 1
            }
        }
    }

    private mutating func readEscape(to bytes: inout [UInt8]) throws(JSONError) {
        guard offset + 1 < text.count else {
            offset += 1
            throw syntax("an escaped character")
        }
        let plain: UInt8
        switch text[offset + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): plain = text[offset + 1]
        case UInt8(ascii: "b"): plain = 0x08
        case UInt8(ascii: "f"): plain = 0x0C
        case UInt8(ascii: "n"): plain = 0x0A
        case UInt8(ascii: "r"): plain = 0x0D
        case UInt8(ascii: "t"): plain = 0x09
        case UInt8(ascii: "u"):
            return try readUnicodeEscape(to: &bytes)
        default: throw syntax("one of the escapes \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u")
        }
        bytes.append(plain)
        offset += 2
    }

    private mutating func readUnicodeEscape(to bytes: inout [UInt8]) throws(JSONError) {
        guard let unit = codeUnit(at: offset) else { throw syntax("four hexadecimal digits after \\u") }
        offset += 6
        // Two escapes that form a pair are one code point. Half a pair stays as it is, as in Python.
        if (0xD800..<0xDC00).contains(unit), let next = codeUnit(at: offset), (0xDC00..<0xE000).contains(next) {
            offset += 6
            GeneralizedUTF8.append(0x10000 + (unit - 0xD800) << 10 + (next - 0xDC00), to: &bytes)
        } else {
            GeneralizedUTF8.append(unit, to: &bytes)
        }
    }

    /// The code unit of an escape at an offset.
    private func codeUnit(at offset: Int) -> UInt32? {
        guard text.count - offset >= 6, text[offset] == UInt8(ascii: "\\"), text[offset + 1] == UInt8(ascii: "u")
        else { return nil }
        var unit: UInt32 = 0
        for index in 2..<6 {
            guard let digit = Hexadecimal.value(of: text[offset + index]) else { return nil }
            unit = unit << 4 | digit
        }
        return unit
    }
}
