/// A value of JSON in Python's dialect: exactly what Python's `json.loads` can return.
///
/// It keeps what other JSON libraries lose: `1` is not `1.0`, integers have any number of digits up to Python's own
/// limit, there are NaN, infinities and lone surrogates, and objects keep the order of their keys.
public enum JSONValue: Sendable {
    /// `null`, Python's `None`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// An integer that fits in 64 bits.
    case int(Int)
    /// An integer that does not fit in 64 bits.
    case bigInt(JSONInteger)
    /// A number with a fraction or an exponent, `NaN`, `Infinity` or `-Infinity`.
    case double(Double)
    /// A string.
    case string(JSONString)
    /// An array, Python's `list`.
    case array([JSONValue])
    /// An object, Python's `dict`.
    case object(JSONObject)

    /// How deeply arrays and objects may be nested in a text that is read, as in Python under its default recursion
    /// limit.
    ///
    /// Comparing, writing and reading take no stack in proportion to the depth; releasing a value does, and that much
    /// of it fits in the smallest thread's stack.
    public static let maximalDepth = 1000

    /// A string.
    public static func string(_ text: String) -> JSONValue {
        .string(JSONString(text))
    }

    /// Takes an integer of any size from its decimal digits.
    ///
    /// - Parameter text: Digits, with `-` or `+` before them if wanted.
    /// - Returns: `nil` when it is no integer or has more than ``JSONInteger/maximalDigits`` digits.
    public init?(integer text: String) {
        var digits = text.utf8[...]
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative || digits.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
        guard !digits.isEmpty, digits.count <= JSONInteger.maximalDigits,
            digits.allSatisfy({ (48...57).contains($0) })
        else { return nil }
        digits = digits.drop { $0 == 48 }
        self = JSONValue(checkedDigits: Array(digits), isNegative: isNegative)
    }

    /// Takes digits without leading zeros; none stand for zero.
    init(checkedDigits digits: [UInt8], isNegative: Bool) {
        var value = 0
        for digit in digits {
            // Counted on the negative side, which reaches one further.
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (difference, underflow) = product.subtractingReportingOverflow(Int(digit) - 48)
            guard !overflow, !underflow else {
                self = .bigInt(JSONInteger(checkedBytes: isNegative ? [UInt8(ascii: "-")] + digits : digits))
                return
            }
            value = difference
        }
        if isNegative {
            self = .int(value)
        } else if value == .min {
            self = .bigInt(JSONInteger(checkedBytes: digits))
        } else {
            self = .int(-value)
        }
    }
}

extension JSONValue: CustomStringConvertible {
    /// The value as Python's `json.dumps` writes it by default.
    public var description: String {
        var bytes: [UInt8] = []
        appendPythonJSON(to: &bytes, style: .spaced)
        return String(decoding: bytes, as: UTF8.self)
    }
}
