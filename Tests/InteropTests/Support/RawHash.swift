import TestSupport
import Testing

/// A hash as it stands in Redis: names and values, in the order in which they were written.
///
/// Redis keeps that order only in small hashes; the tests that look at it start their server with ``keepsOrder``.
struct RawHash: Sendable, CustomTestStringConvertible {
    /// The fields in order.
    let fields: [(name: String, value: [UInt8])]

    /// Lets redis-server keep the order of the fields of every hash.
    static let keepsOrder = RedisServer.Configuration(
        lines: ["hash-max-listpack-value 10000000", "hash-max-listpack-entries 1000"])

    /// Reads the answer to `HGETALL`.
    init(_ reply: ServerReply) {
        let parts = reply.array
        fields = stride(from: 0, to: parts.count - 1, by: 2).map {
            (parts[$0].string ?? "", parts[$0 + 1].bytes ?? [])
        }
    }

    var names: [String] { fields.map(\.name) }

    /// The bytes of a field; `nil` where there is none.
    subscript(name: String) -> [UInt8]? { fields.first { $0.name == name }?.value }

    /// The text of a field; `nil` where there is none.
    func text(_ name: String) -> String? { self[name].map { String(decoding: $0, as: UTF8.self) } }

    /// What tells two hashes apart, a line for each field; nothing when they have the same bytes.
    ///
    /// - Parameter loosely: Fields of which only the presence and, for times, the length is compared.
    func differences(from other: RawHash, loosely: Set<String> = []) -> [String] {
        var differences: [String] = []
        for name in Set(names).union(other.names).sorted() {
            let (one, two) = (self[name], other[name])
            let isSame =
                if !loosely.contains(name) { one == two } else if name.hasSuffix("_at") || name.hasSuffix("_time") {
                    one?.count == two?.count
                } else { (one == nil) == (two == nil) }
            if !isSame { differences.append("\(name): \(text(name) ?? "absent") | \(other.text(name) ?? "absent")") }
        }
        return differences
    }

    var testDescription: String { fields.map { "\($0.name)=\(text($0.name) ?? "")" }.joined(separator: " ") }
}
