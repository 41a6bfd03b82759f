/// The beginning of a Python string: letters perhaps, and one quote or three.
struct PythonStringPrefix {
    /// The letters before the quote, in lower case: none, `r`, `u`, or those of strings that JSON cannot hold or Python does
    /// not know.
    let letters: [UInt8]
    let quote: UInt8
    let isTripled: Bool
    /// The position of the string's text.
    let end: Int

    /// Finds the beginning of a string; `nil` when something else is there.
    init?(at start: Int, in text: ArraySlice<UInt8>) {
        func byte(_ position: Int) -> UInt8? { position < text.endIndex ? text[position] : nil }
        var position = start
        let known = Array("rubft".utf8)
        while position - start < 2, let byte = byte(position), known.contains(byte | 0x20) { position += 1 }
        guard let quote = byte(position), quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else { return nil }
        self.quote = quote
        letters = text[start..<position].map { $0 | 0x20 }
        isTripled = byte(position + 1) == quote && byte(position + 2) == quote
        end = position + (isTripled ? 3 : 1)
    }
}

extension PythonLiteralReader {
    /// Takes the string that begins here, and resolves Python's escapes.
    mutating func string(
        _ prefix: PythonStringPrefix, into codePoints: inout PythonCodePoints
    ) throws(PythonLiteralError) {
        let start = position
        let isRaw = prefix.letters == [UInt8(ascii: "r")]
        guard isRaw || prefix.letters.isEmpty || prefix.letters == [UInt8(ascii: "u")] else {
            throw expected("a text that JSON can hold, in quotes without letters before them")
        }
        position = prefix.end
        while let byte = current {
            position += 1
            switch byte {
            case prefix.quote where !prefix.isTripled:
                return
            case prefix.quote where current == prefix.quote && self.byte(ahead: 1) == prefix.quote:
                position += 2
                return
            case UInt8(ascii: "\\") where isRaw:
                // The backslash stays, and the character after it does not end the text.
                codePoints.append(byte)
                guard let next = current, next != 0, next != 0x0D else { continue }
                codePoints.append(next)
                position += 1
            case UInt8(ascii: "\\"):
                try escape(into: &codePoints, quote: prefix.quote)
            case 0, 0x0D:
                position -= 1
                throw expected("a text without a null character or a carriage return; they are written \\0 and \\r")
            default:
                codePoints.append(byte)
            }
        }
        position = start
        throw expected("a closing quote")
    }

    /// Takes what follows a backslash.
    private mutating func escape(
        into codePoints: inout PythonCodePoints, quote: UInt8
    ) throws(PythonLiteralError) {
        guard let kind = current else { throw expected("a character after the backslash") }
        position += 1
        switch UnicodeScalar(kind) {
        case "\\", "'", "\"": codePoints.append(kind)
        case "a": codePoints.append(0x07)
        case "b": codePoints.append(0x08)
        case "f": codePoints.append(0x0C)
        case "n": codePoints.append(0x0A)
        case "r": codePoints.append(0x0D)
        case "t": codePoints.append(0x09)
        case "v": codePoints.append(0x0B)
        case "0"..."7":
            var value = UInt32(kind - 0x30)
            for _ in 0..<2 {
                guard let digit = current, (0x30...0x37).contains(digit) else { break }
                value = value * 8 + UInt32(digit - 0x30)
                position += 1
            }
            codePoints.append(codePoint: value)
        case "x": codePoints.append(codePoint: try hexadecimal(digits: 2))
        case "u": codePoints.append(codePoint: try hexadecimal(digits: 4))
        case "U":
            let start = position
            let value = try hexadecimal(digits: 8)
            guard value <= 0x10FFFF else {
                position = start
                throw expected("a Unicode code point, at most 0010ffff")
            }
            codePoints.append(codePoint: value)
        case "N":
            throw expected("a character by its number, such as \\u00e9, not by its name")
        case "/" where quote == UInt8(ascii: "\""):
            // Python keeps the backslash and JSON drops it. The text may have been written as either.
            position -= 2
            throw expected(
                "'/' without a backslash, or '\\\\/', since \"\\/\" means one in Python and the other in JSON")
        default:
            // Python keeps a backslash that begins no escape.
            codePoints.append(UInt8(ascii: "\\"))
            position -= 1
        }
    }

    private mutating func hexadecimal(digits count: Int) throws(PythonLiteralError) -> UInt32 {
        var value: UInt32 = 0
        for offset in 0..<count {
            guard let digit = byte(ahead: offset).flatMap(Hexadecimal.value) else {
                throw expected("\(count) hexadecimal digits")
            }
            value = value << 4 | digit
        }
        position += count
        return value
    }
}

/// The code points of a text that is being read, in generalized UTF-8.
struct PythonCodePoints {
    private(set) var bytes: [UInt8] = []

    mutating func append(_ byte: UInt8) {
        bytes.append(byte)
    }

    /// Appends a code point, which may be a surrogate.
    ///
    /// Python keeps the halves of a pair apart and writes them to JSON as two escapes. Readers of that JSON join them, so they
    /// are joined here.
    mutating func append(codePoint: UInt32) {
        let last = Array(bytes.suffix(3))
        guard (0xDC00..<0xE000).contains(codePoint), last.count == 3, last[0] == 0xED, (0xA0..<0xB0).contains(last[1])
        else { return GeneralizedUTF8.append(codePoint, to: &bytes) }
        bytes.removeLast(3)
        let high = UInt32(last[1] & 0x0F) << 6 | UInt32(last[2] & 0x3F)
        GeneralizedUTF8.append(0x10000 + high << 10 + (codePoint - 0xDC00), to: &bytes)
    }
}
