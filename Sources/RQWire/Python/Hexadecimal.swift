/// Lower-case hexadecimal digits.
enum Hexadecimal {
    /// The character of a value below 16.
    static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? 48 &+ value : 87 &+ value
    }

    /// The value of a digit of either case, or `nil` for any other byte.
    static func value(of digit: UInt8) -> UInt32? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - 48)
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(digit - 87)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(digit - 55)
        default: nil
        }
    }

    /// Appends that many digits of a value, the most significant first.
    static func append(_ value: UInt32, digits: Int, to bytes: inout [UInt8]) {
        for position in stride(from: digits - 1, through: 0, by: -1) {
            bytes.append(digit(UInt8(truncatingIfNeeded: value >> UInt32(4 * position)) & 15))
        }
    }
}
