extension JSONValue {
    /// Converts any `Encodable` value, without a detour through text.
    ///
    /// Integers stay integers and floats stay floats, which Python distinguishes. A JSON value inside is taken as it is. A
    /// `Timestamp` becomes a text in RQ's form, which workers read. Foundation's `Date` encodes itself as the number of seconds
    /// since 2001.
    ///
    /// - Throws: What the value's own `encode(to:)` throws.
    public init(encoding value: some Encodable) throws {
        let node = EncodedNode()
        try value.encode(to: NodeEncoder(node: node, codingPath: []))
        self = node.value
    }
}

extension JSONValue: Encodable {
    /// Encodes the value with any encoder; that of ``init(encoding:)`` takes it as it is.
    ///
    /// - Throws: What the encoder throws, and `EncodingError` for an integer of more than 64 bits with other encoders.
    public func encode(to encoder: any Encoder) throws {
        if let encoder = encoder as? NodeEncoder {
            encoder.node.set(self)
            return
        }
        switch self {
        case .null:
            var container = encoder.singleValueContainer()
            try container.encodeNil()
        case .bool(let truth): try truth.encode(to: encoder)
        case .int(let number): try number.encode(to: encoder)
        case .bigInt(let number):
            throw EncodingError.invalidValue(
                number, .init(codingPath: encoder.codingPath, debugDescription: "\(number) needs more than 64 bits"))
        case .double(let number): try number.encode(to: encoder)
        case .string(let string): try string.description.encode(to: encoder)
        case .array(let elements): try elements.encode(to: encoder)
        case .object(let object):
            var container = encoder.container(keyedBy: NameOrIndex.self)
            for entry in object.entries {
                try container.encode(entry.value, forKey: NameOrIndex(entry.key.description))
            }
        }
    }
}

/// A place in the value that is being encoded.
///
/// What kind it is depends on which container the value asks for.
private final class EncodedNode {
    enum Kind {
        case empty, value, array, object
    }

    private(set) var kind = Kind.empty
    private var scalar = JSONValue.null
    private(set) var elements: [EncodedNode] = []
    private var members: [(key: String, node: EncodedNode)] = []

    /// A value that encodes nothing is an empty object, as with Foundation's encoder.
    var value: JSONValue {
        switch kind {
        case .value: scalar
        case .array: .array(elements.map(\.value))
        case .empty, .object: .object(JSONObject(members.map { (JSONString($0.key), $0.node.value) }))
        }
    }

    func set(_ value: JSONValue) { (kind, scalar) = (.value, value) }
    func becomeArray() { kind = .array }
    func becomeObject() { kind = .object }

    /// A new place at the end of the array.
    func appendElement() -> EncodedNode {
        elements.append(EncodedNode())
        return elements[elements.count - 1]
    }

    /// A new place under a key of the object.
    func appendMember(_ key: String) -> EncodedNode {
        let node = EncodedNode()
        members.append((key, node))
        return node
    }
}

private struct NodeEncoder: Encoder {
    let node: EncodedNode
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        node.becomeObject()
        return KeyedEncodingContainer(NodeKeyedEncoding<Key>(encoder: self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        node.becomeArray()
        return NodeUnkeyedEncoding(encoder: self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { NodeSingleEncoding(encoder: self) }

    func nested(_ node: EncodedNode, _ key: any CodingKey) -> NodeEncoder {
        NodeEncoder(node: node, codingPath: codingPath + [key])
    }
}

private struct NodeKeyedEncoding<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let encoder: NodeEncoder
    var codingPath: [any CodingKey] { encoder.codingPath }

    private func member(_ key: any CodingKey) -> NodeEncoder {
        encoder.nested(encoder.node.appendMember(key.stringValue), key)
    }

    func encodeNil(forKey key: Key) { member(key).node.set(.null) }
    func encode(_ value: Bool, forKey key: Key) { member(key).node.set(.bool(value)) }
    func encode(_ value: String, forKey key: Key) { member(key).node.set(.string(value)) }
    func encode(_ value: Double, forKey key: Key) { member(key).node.set(.double(value)) }
    func encode(_ value: Float, forKey key: Key) { member(key).node.set(.double(Double(value))) }
    func encode(_ value: some FixedWidthInteger & Encodable, forKey key: Key) { member(key).node.set(JSONValue(value)) }
    func encode(_ value: some Encodable, forKey key: Key) throws { try value.encode(to: member(key)) }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type, forKey key: Key
    ) -> KeyedEncodingContainer<NestedKey> { member(key).container(keyedBy: type) }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { member(key).unkeyedContainer() }
    func superEncoder() -> any Encoder { member(NameOrIndex("super")) }
    func superEncoder(forKey key: Key) -> any Encoder { member(key) }
}

/// A container whose `encode` needs no key: each value goes to the place that `element()` returns.
private protocol KeylessEncoding {
    func element() -> NodeEncoder
}

extension KeylessEncoding {
    func encodeNil() { element().node.set(.null) }
    func encode(_ value: Bool) { element().node.set(.bool(value)) }
    func encode(_ value: String) { element().node.set(.string(value)) }
    func encode(_ value: Double) { element().node.set(.double(value)) }
    func encode(_ value: Float) { element().node.set(.double(Double(value))) }
    func encode(_ value: some FixedWidthInteger & Encodable) { element().node.set(JSONValue(value)) }
    func encode(_ value: some Encodable) throws { try value.encode(to: element()) }
}

private struct NodeUnkeyedEncoding: UnkeyedEncodingContainer, KeylessEncoding {
    let encoder: NodeEncoder
    var codingPath: [any CodingKey] { encoder.codingPath }
    var count: Int { encoder.node.elements.count }

    func element() -> NodeEncoder { encoder.nested(encoder.node.appendElement(), NameOrIndex(count - 1)) }

    func nestedContainer<NestedKey: CodingKey>(keyedBy type: NestedKey.Type) -> KeyedEncodingContainer<NestedKey> {
        element().container(keyedBy: type)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { element().unkeyedContainer() }
    func superEncoder() -> any Encoder { element() }
}

private struct NodeSingleEncoding: SingleValueEncodingContainer, KeylessEncoding {
    let encoder: NodeEncoder
    var codingPath: [any CodingKey] { encoder.codingPath }

    func element() -> NodeEncoder { encoder }
}

extension JSONValue {
    /// An integer of any width.
    fileprivate init(_ number: some FixedWidthInteger) {
        self = Int(exactly: number).map(JSONValue.int) ?? JSONValue(integer: String(number)) ?? .null
    }
}
