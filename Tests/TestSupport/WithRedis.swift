/// Runs `body` with a redis-server of its own, and stops it afterwards, also when `body` throws.
///
/// - Parameters:
///   - configuration: No persistence and no password by default.
///   - body: Gets the server, empty and ready.
/// - Throws: ``SupportError`` when the server does not start, and what `body` throws.
public func withRedis<Result>(
    _ configuration: RedisServer.Configuration = .init(),
    _ body: (RedisServer) async throws -> Result
) async throws -> Result {
    let server = try await RedisServer.start(configuration)
    let result: Result
    do {
        result = try await body(server)
    } catch {
        await server.stop()
        throw error
    }
    await server.stop()
    return result
}
