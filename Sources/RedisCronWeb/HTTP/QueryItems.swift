import RQWire

/// Names and values of a query or of a form: `state=paused&text=daily%20report`.
///
/// As WHATWG's URL standard has `application/x-www-form-urlencoded`: a plus sign is a space, each byte may stand as `%XX`, and what is
/// no UTF-8 is replaced.
struct QueryItems: Sendable, Hashable {
    private(set) var items: [Item] = []

    struct Item: Sendable, Hashable {
        let name: String
        let value: String
    }

    init() {}

    init(parsing text: some Collection<UInt8>) {
        for part in text.split(separator: UInt8(ascii: "&")) {
            let halves = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let value = halves.count > 1 ? PercentEncoding.decoded(halves[1], isForm: true) : []
            let name = PercentEncoding.decoded(halves[0], isForm: true)
            items.append(
                Item(name: String(decoding: name, as: UTF8.self), value: String(decoding: value, as: UTF8.self)))
        }
    }

    /// The first value of that name.
    subscript(name: String) -> String? { items.first { $0.name == name }?.value }

    /// All values of that name.
    func values(of name: String) -> [String] { items.filter { $0.name == name }.map(\.value) }

    /// The same with another value, or without one; the rest keeps its order.
    func setting(_ name: String, to value: String?) -> QueryItems {
        var copy = self
        copy.items.removeAll { $0.name == name }
        if let value { copy.items.append(Item(name: name, value: value)) }
        return copy
    }

    /// As it stands in a URL, without a question mark.
    var encoded: String {
        items.map { "\(PercentEncoding.encoded($0.name))=\(PercentEncoding.encoded($0.value))" }.joined(separator: "&")
    }
}
