/// A JSON object: each key once, in the order of first insertion, as in Python's `dict`.
///
/// Two objects are equal if they have the same keys and values, in any order.
public struct JSONObject: Sendable {
    /// A key and its value.
    public struct Entry: Sendable {
        /// The key.
        public let key: JSONString
        /// The value.
        public fileprivate(set) var value: JSONValue
    }

    /// The keys with their values, in order.
    public private(set) var entries: [Entry] = []
    /// The position of each key.
    ///
    /// It is kept only for objects that are too large to be searched as fast.
    private var positions: [JSONString: Int] = [:]

    private static let searchedEntries = 12

    /// An object with no keys.
    public init() {}

    /// Whether there are no keys.
    public var isEmpty: Bool { entries.isEmpty }

    /// How many keys there are.
    public var count: Int { entries.count }

    /// The keys in order.
    public var keys: [JSONString] { entries.map(\.key) }

    /// The value of a key; `nil` if there is no such key.
    ///
    /// Setting the value of an existing key keeps its place. Setting `nil` removes the key.
    public subscript(key: JSONString) -> JSONValue? {
        get {
            position(of: key).map { entries[$0].value }
        }
        set {
            switch (position(of: key), newValue) {
            case (let position?, let value?): entries[position].value = value
            case (nil, let value?): append(key, value)
            case (let position?, nil): remove(at: position)
            case (nil, nil): break
            }
        }
    }

    private func position(of key: JSONString) -> Int? {
        if positions.isEmpty {
            entries.firstIndex { $0.key == key }
        } else {
            positions[key]
        }
    }

    private mutating func append(_ key: JSONString, _ value: JSONValue) {
        entries.append(Entry(key: key, value: value))
        if !positions.isEmpty {
            positions[key] = entries.count - 1
        } else if entries.count > Self.searchedEntries {
            indexKeys()
        }
    }

    private mutating func remove(at position: Int) {
        entries.remove(at: position)
        positions = [:]
        if entries.count > Self.searchedEntries { indexKeys() }
    }

    private mutating func indexKeys() {
        positions.reserveCapacity(entries.count)
        for (position, entry) in entries.enumerated() { positions[entry.key] = position }
    }
}

extension JSONObject: Hashable, ExpressibleByDictionaryLiteral, CustomStringConvertible {
    /// Whether both have the same keys with equal values, in any order.
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        JSONValue.object(left) == JSONValue.object(right)
    }

    /// Hashes what does not depend on the order of the keys.
    public func hash(into hasher: inout Hasher) {
        JSONValue.object(self).hash(into: &hasher)
    }

    /// Makes an object of pairs; if a key comes twice, the last value counts.
    public init(dictionaryLiteral elements: (JSONString, JSONValue)...) {
        self.init(elements)
    }

    /// Makes an object of pairs; if a key comes twice, the last value counts.
    public init(_ pairs: some Sequence<(JSONString, JSONValue)>) {
        for (key, value) in pairs { self[key] = value }
    }

    /// The object as Python's `json.dumps` writes it by default.
    public var description: String {
        JSONValue.object(self).description
    }
}
