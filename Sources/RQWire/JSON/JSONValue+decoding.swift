extension JSONValue {
    /// The truth value; `nil` for everything else.
    public var bool: Bool? { if case .bool(let truth) = self { truth } else { nil } }
    /// The integer, where it fits in 64 bits; `nil` for everything else, `1.0` too.
    public var int: Int? { if case .int(let number) = self { number } else { nil } }
    /// The number, a whole one too; `nil` for everything else.
    public var double: Double? {
        switch self {
        case .double(let number): number
        case .int(let number): Double(number)
        case .bigInt(let number): Double(number.description)
        case .null, .bool, .string, .array, .object: nil
        }
    }
    /// The text; `nil` for everything else, and for a string with a lone surrogate.
    public var string: String? { if case .string(let string) = self { string.text } else { nil } }
    /// The elements of an array; `nil` for everything else.
    public var array: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }
    /// The object; `nil` for everything else.
    public var object: JSONObject? { if case .object(let object) = self { object } else { nil } }

    /// The value of an object's key; `nil` where there is none.
    public subscript(key: String) -> JSONValue? { object?[JSONString(key)] }

    /// An element of an array; `nil` where there is none.
    public subscript(index: Int) -> JSONValue? {
        guard let array, array.indices.contains(index) else { return nil }
        return array[index]
    }
}
