/// An integer that does not fit in `Int`, as its decimal digits.
///
/// What fits in `Int` is always ``JSONValue/int(_:)``, so every integer has one form only.
public struct JSONInteger: Sendable, Hashable, CustomStringConvertible {
    /// The most digits that an integer may have.
    ///
    /// This is Python's default limit (`sys.get_int_max_str_digits()`), beyond which `json.loads` refuses an integer. It also
    /// bounds the time that conversion to binary takes.
    package static let maximalDigits = 4300

    /// A sign if negative, and the digits without leading zeros, in ASCII.
    package let bytes: [UInt8]

    /// Takes an integer of at most ``maximalDigits`` digits that `Int` cannot hold.
    ///
    /// - Parameter text: Digits, with an optional sign.
    /// - Returns: `nil` unless it is an integer that does not fit in `Int` and has few enough digits.
    package init?(_ text: String) {
        guard case .bigInt(let integer) = JSONValue(integer: text) else { return nil }
        self = integer
    }

    /// Takes digits without leading zeros, with a minus sign if negative, that are known not to fit in `Int`.
    init(checkedBytes bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The decimal digits.
    public var description: String {
        String(decoding: bytes, as: UTF8.self)
    }

    /// The integer in two's complement, least significant byte first, in as few bytes as possible.
    var littleEndianBytes: [UInt8] {
        let isNegative = bytes.first == UInt8(ascii: "-")
        var words = Self.magnitude(ofDigits: bytes.dropFirst(isNegative ? 1 : 0))
        if isNegative {
            var carry = true
            for index in words.indices {
                words[index] = ~words[index]
                if carry {
                    words[index] &+= 1
                    carry = words[index] == 0
                }
            }
        }
        var result = words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) } }
        let fill: UInt8 = isNegative ? 0xFF : 0
        result.append(fill)
        while result.count > 1, result[result.count - 1] == fill, (result[result.count - 2] ^ fill) & 0x80 == 0 {
            result.removeLast()
        }
        return result
    }

    private static func magnitude(ofDigits digits: ArraySlice<UInt8>) -> [UInt64] {
        var words: [UInt64] = []
        var rest = digits
        while !rest.isEmpty {
            // Eighteen digits at a time: 10^18 is the largest power of ten that leaves room for a carry.
            let chunk = rest.prefix(18)
            rest = rest.dropFirst(chunk.count)
            var factor: UInt64 = 1
            var carry: UInt64 = 0
            for digit in chunk {
                factor *= 10
                carry = carry * 10 + UInt64(digit - 48)
            }
            for index in words.indices {
                let product = words[index].multipliedFullWidth(by: factor)
                let (low, overflow) = product.low.addingReportingOverflow(carry)
                words[index] = low
                carry = product.high + (overflow ? 1 : 0)
            }
            if carry > 0 { words.append(carry) }
        }
        return words
    }
}
