import RedisBridge

/// Asks whether the server of a directory is ready.
struct EmbeddedRedisProbe {
    /// Whether the Redis at `url` works in `directory`, and is not loading its data any more.
    ///
    /// A free port is free only at the moment of asking. Another Redis may have taken it before ours could, which then
    /// ends; that other one must neither be taken for ours nor be written to. The directory tells them apart: it is
    /// locked, so that no two servers of ours work in the same one.
    static func isReady(_ url: String, in directory: String) async -> Bool {
        guard let address = try? RedisURL(url), let loop = try? RedisEventLoop() else { return false }
        let client = RedisClient(url: address, on: loop)
        let alive = try? await client.send(RedisCommand("PING"))
        let place = alive == nil ? nil : try? await client.send(RedisCommand("CONFIG", "GET", "dir"))
        await client.close()
        return alive == .status("PONG") && place?.array?.last?.string == directory
    }
}
