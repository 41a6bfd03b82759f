import RQWire
import RedisBridge

extension RedisStore {
    /// The whole index, in pages.
    func index() async throws -> [[DueEntry]] {
        var pages: [[DueEntry]] = []
        var start = 0
        while true {
            let command = RedisCommand("ZRANGE", keys.cronJobs, start, start + 499, "WITHSCORES")
            let page = try await client.send(command) { reply in DueEntry.read(reply) }
            if !page.isEmpty { pages.append(page) }
            if page.count < 500 { return pages }
            start += 500
        }
    }
}
