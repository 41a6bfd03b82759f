extension JSONValue {
    /// Converts the value to any `Decodable` type, without a detour through text.
    ///
    /// An integer can be read as a float, but never the other way round. A number that does not fit is an error.
    ///
    /// - Throws: `DecodingError` that names the place, and what the type's own `init(from:)` throws.
    public func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        try Value(from: NodeDecoder(value: self, codingPath: []))
    }

    /// The boolean; `nil` for everything else.
    public var bool: Bool? { if case .bool(let truth) = self { truth } else { nil } }
    /// The integer if it fits in 64 bits; `nil` for everything else, `1.0` included.
    public var int: Int? { if case .int(let number) = self { number } else { nil } }
    /// The number, float or integer; `nil` for everything else.
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

    /// The value of an object's key; `nil` if there is none.
    public subscript(key: String) -> JSONValue? { object?[JSONString(key)] }

    /// An element of an array; `nil` if there is none.
    public subscript(index: Int) -> JSONValue? {
        guard let array, array.indices.contains(index) else { return nil }
        return array[index]
    }
}

extension JSONValue: Decodable {
    /// Decodes any value from any decoder; that of ``decode(_:)`` hands it over as it is.
    ///
    /// - Throws: `DecodingError` for what JSON does not have.
    public init(from decoder: any Decoder) throws {
        if let decoder = decoder as? NodeDecoder {
            self = decoder.value
        } else if let container = try? decoder.container(keyedBy: NameOrIndex.self) {
            self = .object(
                JSONObject(
                    try container.allKeys.map {
                        (JSONString($0.stringValue), try container.decode(JSONValue.self, forKey: $0))
                    }))
        } else if var container = try? decoder.unkeyedContainer() {
            var elements: [JSONValue] = []
            while !container.isAtEnd { elements.append(try container.decode(JSONValue.self)) }
            self = .array(elements)
        } else {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .null
            } else if let truth = try? container.decode(Bool.self) {
                self = .bool(truth)
            } else if let number = try? container.decode(Int.self) {
                self = .int(number)
            } else if let number = try? container.decode(Double.self) {
                self = .double(number)
            } else {
                self = .string(try container.decode(String.self))
            }
        }
    }
}

/// A key of an object or an index of an array, for containers and errors.
struct NameOrIndex: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(_ name: String) { (stringValue, intValue) = (name, nil) }
    init(_ index: Int) { (stringValue, intValue) = ("\(index)", index) }
    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { self.init(intValue) }
}

private struct NodeDecoder: Decoder {
    let value: JSONValue
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard let object = value.object else { throw mismatch("an object", type: JSONObject.self) }
        return KeyedDecodingContainer(NodeKeyedDecoding<Key>(decoder: self, object: object))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard let elements = value.array else { throw mismatch("an array", type: [JSONValue].self) }
        return NodeUnkeyedDecoding(decoder: self, elements: elements)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer { NodeSingleDecoding(decoder: self) }

    func nested(_ value: JSONValue, _ key: any CodingKey) -> NodeDecoder {
        NodeDecoder(value: value, codingPath: codingPath + [key])
    }

    func mismatch(_ expected: String, type: Any.Type) -> DecodingError {
        .typeMismatch(
            type,
            .init(
                codingPath: codingPath,
                debugDescription: "expected \(expected), not \(PythonRepr.excerpt(of: value.description.utf8))"))
    }

    var isNull: Bool { if case .null = value { true } else { false } }

    func bool() throws -> Bool {
        guard let truth = value.bool else { throw mismatch("true or false", type: Bool.self) }
        return truth
    }

    func string() throws -> String {
        guard let text = value.string else { throw mismatch("a text", type: String.self) }
        return text
    }

    func float<Number: BinaryFloatingPoint>() throws -> Number {
        guard let number = value.double else { throw mismatch("a number", type: Number.self) }
        return Number(number)
    }

    func integer<Number: FixedWidthInteger>() throws -> Number {
        switch value {
        case .int(let number):
            if let number = Number(exactly: number) { return number }
        case .bigInt(let number):
            if let number = Number(number.description) { return number }
        case .null, .bool, .double, .string, .array, .object:
            throw mismatch("a whole number", type: Number.self)
        }
        throw mismatch("a whole number from \(Number.min) to \(Number.max)", type: Number.self)
    }
}

private struct NodeKeyedDecoding<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let decoder: NodeDecoder
    let object: JSONObject
    var codingPath: [any CodingKey] { decoder.codingPath }
    var allKeys: [Key] { object.keys.compactMap { Key(stringValue: $0.description) } }

    func contains(_ key: Key) -> Bool { object[JSONString(key.stringValue)] != nil }

    private func member(_ key: any CodingKey) throws -> NodeDecoder {
        guard let value = object[JSONString(key.stringValue)] else {
            throw DecodingError.keyNotFound(
                key, .init(codingPath: codingPath, debugDescription: "the key '\(key.stringValue)' is missing"))
        }
        return decoder.nested(value, key)
    }

    func decodeNil(forKey key: Key) throws -> Bool { try member(key).isNull }
    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try member(key).bool() }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try member(key).string() }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try member(key).float() }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try member(key).float() }
    func decode<Number: FixedWidthInteger & Decodable>(_ type: Number.Type, forKey key: Key) throws -> Number {
        try member(key).integer()
    }
    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        try Value(from: member(key))
    }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<NestedKey> { try member(key).container(keyedBy: type) }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try member(key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder { try member(NameOrIndex("super")) }
    func superDecoder(forKey key: Key) throws -> any Decoder { try member(key) }
}

private struct NodeUnkeyedDecoding: UnkeyedDecodingContainer {
    let decoder: NodeDecoder
    let elements: [JSONValue]
    private(set) var currentIndex = 0
    var codingPath: [any CodingKey] { decoder.codingPath }
    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex == elements.count }

    init(decoder: NodeDecoder, elements: [JSONValue]) {
        self.decoder = decoder
        self.elements = elements
    }

    /// The next element; the container only moves on if it could be read.
    private mutating func next<Value>(_ read: (NodeDecoder) throws -> Value) throws -> Value {
        guard !isAtEnd else {
            throw DecodingError.valueNotFound(
                Value.self,
                .init(codingPath: codingPath, debugDescription: "the array has only \(elements.count) elements"))
        }
        let value = try read(decoder.nested(elements[currentIndex], NameOrIndex(currentIndex)))
        currentIndex += 1
        return value
    }

    mutating func decodeNil() -> Bool {
        guard !isAtEnd, case .null = elements[currentIndex] else { return false }
        currentIndex += 1
        return true
    }
    mutating func decode(_ type: Bool.Type) throws -> Bool { try next { try $0.bool() } }
    mutating func decode(_ type: String.Type) throws -> String { try next { try $0.string() } }
    mutating func decode(_ type: Double.Type) throws -> Double { try next { try $0.float() } }
    mutating func decode(_ type: Float.Type) throws -> Float { try next { try $0.float() } }
    mutating func decode<Number: FixedWidthInteger & Decodable>(_ type: Number.Type) throws -> Number {
        try next { try $0.integer() }
    }
    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try next { try Value(from: $0) } }

    mutating func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type
    ) throws -> KeyedDecodingContainer<NestedKey> { try next { try $0.container(keyedBy: type) } }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try next { try $0.unkeyedContainer() }
    }

    mutating func superDecoder() throws -> any Decoder { try next { $0 } }
}

private struct NodeSingleDecoding: SingleValueDecodingContainer {
    let decoder: NodeDecoder
    var codingPath: [any CodingKey] { decoder.codingPath }

    func decodeNil() -> Bool { decoder.isNull }
    func decode(_ type: Bool.Type) throws -> Bool { try decoder.bool() }
    func decode(_ type: String.Type) throws -> String { try decoder.string() }
    func decode(_ type: Double.Type) throws -> Double { try decoder.float() }
    func decode(_ type: Float.Type) throws -> Float { try decoder.float() }
    func decode<Number: FixedWidthInteger & Decodable>(_ type: Number.Type) throws -> Number { try decoder.integer() }
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try Value(from: decoder) }
}
