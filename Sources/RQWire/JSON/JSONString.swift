/// A string as Python has it: any sequence of code points, lone surrogates included.
///
/// Swift's `String` cannot hold half of a surrogate pair, which Python's `json.loads` accepts (`"\ud83d"`). It also treats
/// differently composed characters as equal, which Python's dictionaries keep apart. So the code points are held as
/// generalized UTF-8 ("WTF-8"), where a lone surrogate takes three bytes like its neighbours. Equality and order are those
/// of the code points, as in Python.
public struct JSONString: Sendable, Hashable, Comparable {
    /// The code points in generalized UTF-8, which is plain UTF-8 unless there are lone surrogates.
    package let bytes: [UInt8]

    /// Holds the text as it is, without normalization.
    public init(_ text: String) {
        bytes = Array(text.utf8)
    }

    /// Takes bytes that are known to be generalized UTF-8.
    init(checkedBytes bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The text; `nil` if it has a lone surrogate.
    public var text: String? {
        bytes.withUnsafeBufferPointer { String(checkedUTF8: $0) }
    }

    /// Compares the code points at the first difference, as in Python.
    public static func < (left: JSONString, right: JSONString) -> Bool {
        left.bytes.withUnsafeBufferPointer { left in
            right.bytes.withUnsafeBufferPointer { right in
                left.lexicographicallyPrecedes(right)
            }
        }
    }
}

extension JSONString: ExpressibleByStringInterpolation, CustomStringConvertible {
    /// Holds the text of the literal.
    public init(stringLiteral text: String) {
        self.init(text)
    }

    /// The text, with U+FFFD for what a `String` cannot hold.
    public var description: String {
        String(decoding: bytes, as: UTF8.self)
    }
}

extension String {
    /// Takes bytes that should be UTF-8; `nil` where they are not.
    ///
    /// Nearly all texts are ASCII. The standard library's own check looks up its type each time, which takes longer than to read a
    /// name of a few letters.
    init?(checkedUTF8 bytes: UnsafeBufferPointer<UInt8>) {
        if bytes.allSatisfy({ $0 < 0x80 }) {
            self.init(decoding: bytes, as: UTF8.self)
        } else {
            self.init(validating: bytes, as: UTF8.self)
        }
    }
}

/// UTF-8 that may contain lone surrogates, each in three bytes, as ``JSONString`` holds its code points.
enum GeneralizedUTF8 {
    /// The code point at an offset of well-formed bytes, and how many bytes it takes.
    static func decode(_ bytes: UnsafeBufferPointer<UInt8>, at offset: Int) -> (codePoint: UInt32, length: Int) {
        let first = UInt32(bytes[offset])
        switch first {
        case 0..<0x80:
            return (first, 1)
        case 0x80..<0xE0:
            return ((first & 0x1F) << 6 | continuation(bytes, offset + 1), 2)
        case 0xE0..<0xF0:
            return ((first & 0x0F) << 12 | continuation(bytes, offset + 1) << 6 | continuation(bytes, offset + 2), 3)
        default:
            let high = (first & 0x07) << 18 | continuation(bytes, offset + 1) << 12
            return (high | continuation(bytes, offset + 2) << 6 | continuation(bytes, offset + 3), 4)
        }
    }

    /// Appends a code point, which may be a surrogate.
    static func append(_ codePoint: UInt32, to bytes: inout [UInt8]) {
        func append(_ value: UInt32) { bytes.append(UInt8(truncatingIfNeeded: value)) }
        switch codePoint {
        case 0..<0x80:
            append(codePoint)
        case 0x80..<0x800:
            append(0xC0 | codePoint >> 6)
            append(0x80 | codePoint & 0x3F)
        case 0x800..<0x10000:
            append(0xE0 | codePoint >> 12)
            append(0x80 | codePoint >> 6 & 0x3F)
            append(0x80 | codePoint & 0x3F)
        default:
            append(0xF0 | codePoint >> 18)
            append(0x80 | codePoint >> 12 & 0x3F)
            append(0x80 | codePoint >> 6 & 0x3F)
            append(0x80 | codePoint & 0x3F)
        }
    }

    /// The length of the strictly valid UTF-8 sequence at an offset; `nil` if there is none.
    static func strictLength(_ bytes: UnsafeBufferPointer<UInt8>, at offset: Int) -> Int? {
        let first = bytes[offset]
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch first {
        case 0..<0x80: return 1
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: length = 4
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: return nil
        }
        guard bytes.count - offset >= length, second.contains(bytes[offset + 1]) else { return nil }
        for position in 2..<max(length, 2) where bytes[offset + position] & 0xC0 != 0x80 { return nil }
        return length
    }

    private static func continuation(_ bytes: UnsafeBufferPointer<UInt8>, _ offset: Int) -> UInt32 {
        offset < bytes.count ? UInt32(bytes[offset] & 0x3F) : 0
    }
}
