import Cron
import RedisBridge
import RedisCron

extension RedisAddress {
    init(invocation: Invocation) throws(UsageError) {
        try self.init(arguments: invocation.arguments, environment: invocation.environment)
    }

    /// Opens a connection for the time of `body`.
    ///
    /// - Parameter zone: The zone of definitions that name none, where no scheduler has published its own.
    /// - Throws: ``UsageError`` when the URL or the key prefix cannot be understood.
    func withConnection<Result>(
        _ invocation: Invocation, zone: ZoneRules, _ body: (RedisCronConnection) async throws -> Result
    ) async throws -> Result {
        let connection = try RedisCronConnection(
            url: parsed(), keyPrefix: invocation.keyPrefix, defaultZone: zone)
        let result: Result
        do {
            result = try await body(connection)
        } catch {
            let explained = await connection.explaining(error)
            await connection.close()
            throw explained
        }
        await connection.close()
        return result
    }

    /// A client for commands of the tool's own.
    func client(on loop: RedisEventLoop) throws -> RedisClient {
        RedisClient(url: try parsed(), on: loop)
    }

    /// The URL, understood.
    func parsed() throws -> RedisURL {
        do {
            return try RedisURL(url)
        } catch {
            guard error.code == .invalidURL else { throw error }
            throw UsageError("\(source): \(error.reason); a URL looks like redis://user:password@host:6379/0")
        }
    }
}

extension Invocation {
    /// What every key starts with.
    var keyPrefix: String { arguments.text(.keyPrefix) ?? environment["RQ_KEY_PREFIX"] ?? "rq" }

    /// Opens a connection to the Redis that was named for the time of `body`.
    func withConnection<Result>(_ body: (RedisCronConnection) async throws -> Result) async throws -> Result {
        try await RedisAddress(invocation: self).withConnection(self, zone: zone(), body)
    }
}
