/// A JSON value in Python's dialect: exactly what Python's `json.loads` can return.
///
/// It keeps what other JSON libraries lose: `1` is not `1.0`, integers may have as many digits as in Python, there are NaN,
/// infinities and lone surrogates, and objects keep the order of their keys.
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

    /// How deeply arrays and objects may be nested in a text, as in Python with its default recursion limit.
    ///
    /// Comparing, writing and reading need no stack in proportion to the depth. Releasing a value does, and this depth fits
    /// in the smallest thread's stack.
    package static let maximalDepth = 1000

    /// A string.
    public static func string(_ text: String) -> JSONValue {
        .string(JSONString(text))
    }

    /// Takes an integer of any size from its decimal digits.
    ///
    /// - Parameter text: Digits, with an optional sign.
    /// - Returns: `nil` if it is not an integer, or has more than ``JSONInteger/maximalDigits`` digits.
    package init?(integer text: String) {
        var digits = text.utf8[...]
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative || digits.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
        guard !digits.isEmpty, digits.count <= JSONInteger.maximalDigits,
            digits.allSatisfy({ (48...57).contains($0) })
        else { return nil }
        digits = digits.drop { $0 == 48 }
        self = JSONValue(checkedDigits: Array(digits), isNegative: isNegative)
    }

    /// Takes digits without leading zeros; no digits mean zero.
    init(checkedDigits digits: [UInt8], isNegative: Bool) {
        var sum = DecimalText.Sum()
        for digit in digits { sum.append(digit) }
        self =
            sum.value(isNegative: isNegative).map(JSONValue.int)
            ?? .bigInt(JSONInteger(checkedBytes: isNegative ? [UInt8(ascii: "-")] + digits : digits))
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

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringInterpolation, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    /// `nil` is `null`.
    public init(nilLiteral: ()) {
        self = .null
    }

    /// `true` or `false`.
    public init(booleanLiteral value: Bool) {
        self = .bool(value)
    }

    /// An integer.
    public init(integerLiteral value: Int) {
        self = .int(value)
    }

    /// A number that stays a float even if it is whole: `1.0` is not `1`.
    public init(floatLiteral value: Double) {
        self = .double(value)
    }

    /// A string.
    public init(stringLiteral value: String) {
        self = .string(JSONString(value))
    }

    /// An array.
    public init(arrayLiteral elements: JSONValue...) {
        self = .array(elements)
    }

    /// An object; if a key comes twice, the last value counts.
    public init(dictionaryLiteral elements: (JSONString, JSONValue)...) {
        self = .object(JSONObject(elements))
    }
}
