public import Cron
public import RQWire
public import RedisBridge

/// Where definitions live: a connection to Redis, opened when it is first needed and again after a loss, and the names of
/// the keys there.
///
/// One may be shared by any number of jobs and schedulers. It is closed when it is let go, or by ``close()``.
public final class RedisCronConnection: Sendable {
    /// The names of the keys.
    public let keys: RQKeys
    /// The loop on whose thread the connection and its schedulers live.
    public let eventLoop: RedisEventLoop
    /// The zone of expressions whose definition names none, where no scheduler has published its own.
    public let defaultTimeZone: ZoneRules
    let client: RedisClient

    /// Makes a connection.
    ///
    /// Nothing is sent to Redis yet.
    ///
    /// - Parameters:
    ///   - url: The address, as Python's `Redis.from_url` takes it.
    ///   - keyPrefix: What every key begins with, as RQ 3's `RQ_KEY_PREFIX`. Default `rq`.
    ///   - defaultTimeZone: The zone of expressions whose definition names none, where no scheduler has published its
    ///     own; see ``timeZoneOfDefinitions()``. Default: the process's own.
    ///   - eventLoop: A loop to share; `nil` makes one with a thread of its own.
    /// - Throws: `RQWireError` if the prefix holds other characters than RQ allows, `RedisError` if the loop's thread
    ///   cannot be started.
    public init(
        url: RedisURL, keyPrefix: String = "rq", defaultTimeZone: ZoneRules = .local(), eventLoop: RedisEventLoop? = nil
    ) throws {
        self.keys = try RQKeys(prefix: keyPrefix)
        self.eventLoop = try eventLoop ?? RedisEventLoop()
        self.defaultTimeZone = defaultTimeZone
        self.client = RedisClient(url: url, keyPrefix: keyPrefix, on: self.eventLoop)
    }

    /// Closes the connection.
    ///
    /// What is under way fails, and so does what comes later.
    public func close() async {
        await client.close()
    }

    /// The error of a command, or one that says more, where a look at the server tells why it failed: a sentinel knows
    /// none of our commands.
    package func explaining(_ error: any Error) async -> any Error {
        guard let refusal = error.redisError, refusal.unknownCommand != nil,
            let role = try? await client.send(RedisCommand("ROLE")), role.array?.first?.string == "sentinel"
        else { return error }
        return RedisCronError(
            .redis,
            """
            the server at \(refusal.endpoint ?? "that address") is a sentinel: name it as \
            redis+sentinel://HOST:PORT/SERVICE, and it says where the master is
            """)
    }

    /// Runs a script and decodes its answer where it lies.
    func run<Value: Sendable>(
        _ script: RedisScript, _ call: consuming RedisCommand.Builder,
        decoding decode: @escaping @Sendable (borrowing RedisReplyView) throws(RedisError) -> Value
    ) async throws(RedisError) -> Value {
        try await script.run(call.finish(), on: client, decoding: decode)
    }

    /// As ``run(_:_:decoding:)``, and waits for replicas behind it when `wait` says so.
    ///
    /// - Returns: The answer, and how many replicas have what the script wrote, if they were waited for.
    func run<Value: Sendable>(
        _ script: RedisScript, _ call: consuming RedisCommand.Builder, confirmedBy wait: ReplicaWait?,
        decoding decode: @escaping @Sendable (borrowing RedisReplyView) throws(RedisError) -> Value
    ) async throws(RedisError) -> (value: Value, replicas: Int?) {
        guard let wait else { return (try await run(script, call, decoding: decode), nil) }
        return try await script.run(call.finish(), on: client, confirmedBy: wait, decoding: decode)
    }
}
