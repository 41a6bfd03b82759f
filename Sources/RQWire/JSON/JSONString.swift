/// A string as Python has it: any sequence of code points, lone surrogates included.
///
/// Swift's `String` cannot hold the half of a surrogate pair, which Python's `json.loads` accepts (`"\ud83d"`), and it
/// takes differently composed characters for equal, which Python's dictionaries keep apart. So the code points are held
/// as generalized UTF-8 ("WTF-8"): a lone surrogate takes the three bytes that its code point would have. Equality and
/// order are those of the code points, as in Python.
public struct JSONString: Sendable, Hashable, Comparable {
    /// The code points in generalized UTF-8, which is plain UTF-8 unless there are lone surrogates.
    public let bytes: [UInt8]

    /// Holds the text as it is, not normalized.
    public init(_ text: String) {
        bytes = Array(text.utf8)
    }

    /// Takes bytes that are known to be generalized UTF-8.
    init(checkedBytes bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The text, or `nil` when it has a lone surrogate.
    public var text: String? {
        String(validating: bytes, as: UTF8.self)
    }

    /// Smaller is what has the smaller code point at the first difference, as in Python.
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

    /// The text, with U+FFFD in place of what a `String` cannot hold.
    public var description: String {
        String(decoding: bytes, as: UTF8.self)
    }
}
