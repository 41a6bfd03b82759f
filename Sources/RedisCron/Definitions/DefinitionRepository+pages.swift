import RQWire
import RedisBridge

/// Reads definitions a page at a time, so that a million of them take no more memory than a few thousand.
extension DefinitionRepository {
    /// A definition as it was read, and the source that it was applied from.
    typealias Sourced = (id: DefinitionID, reading: Reading<StoredDefinition>, source: String?)

    /// Reads pages of so many elements, several of which are under way, and hands them on in their order.
    func eachPage<Page: Sendable>(
        of count: Int, read: @escaping @Sendable (Range<Int>) async throws -> Page,
        take: (Range<Int>, Page) async throws -> Void
    ) async throws {
        var start = 0
        try await inOrder {
            defer { start += Self.pageSize }
            return start < count ? start..<min(start + Self.pageSize, count) : nil
        } work: {
            try await read($0)
        } take: {
            try await take($0, $1)
        }
    }

    /// Definitions in the order of their ids, in one round trip, unchecked.
    func fetchWithSources(_ ids: [DefinitionID]) async throws(RedisError) -> [Sourced] {
        try await client.pipeline(readings(of: ids)) { index, reply throws(RedisError) in
            var source: String?
            let reading = try Reading(reply, id: ids[index], source: &source)
            return (ids[index], reading, source)
        }
    }
}
