/// A JSON object: keys in the order in which they came first, each of them once, as in Python's `dict`.
///
/// Two objects are equal when they have the same keys with the same values, in whatever order.
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
    /// Where each key stands; kept only beyond the few entries among which a search costs no more than a hash.
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

    /// The value of a key, `nil` where the object has no such key.
    ///
    /// Setting keeps the place of a key that is there already; setting `nil` removes the key.
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
    /// Whether both have the same keys with equal values; the order does not count.
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        JSONValue.object(left) == JSONValue.object(right)
    }

    /// Feeds what does not depend on the order of the keys.
    public func hash(into hasher: inout Hasher) {
        JSONValue.object(self).hash(into: &hasher)
    }

    /// Makes an object of the pairs; of a key that comes twice, the last value counts.
    public init(dictionaryLiteral elements: (JSONString, JSONValue)...) {
        self.init(elements)
    }

    /// Makes an object of the pairs; of a key that comes twice, the last value counts.
    public init(_ pairs: some Sequence<(JSONString, JSONValue)>) {
        for (key, value) in pairs { self[key] = value }
    }

    /// The object as Python's `json.dumps` writes it by default.
    public var description: String {
        JSONValue.object(self).description
    }
}
