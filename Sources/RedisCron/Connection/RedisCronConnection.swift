package import Cron
package import RQWire
public import RedisBridge

/// Where definitions are kept: a connection to Redis, and what can be done with the definitions there.
///
/// It connects when it is first needed, and again after a loss. Any number of jobs and schedulers may share it. It is closed
/// when nothing refers to it any more, or by ``close()``.
///
/// ```swift
/// let connection = try RedisCronConnection(url: "redis://localhost:6379/0")
/// try await connection.register(
///     functionName: "app.tasks.rebuild", queueName: "metrics", id: "metric:pm25", args: ["pm25"], interval: 300)
/// for job in try await connection.jobs() { print(job) }
/// ```
public final class RedisCronConnection: Sendable {
    /// The version of this package.
    package static let packageVersion = "0.2.0"

    /// The loop on whose thread the connection and its schedulers live.
    public let eventLoop: RedisEventLoop
    package let definitions: DefinitionRepository
    /// The zone of expressions whose definition names none, where no scheduler has published its own.
    package let defaultZone: ZoneRules

    /// The name of the zone in which expressions are read whose definition names none, where no scheduler has published its
    /// own; see ``timeZoneOfDefinitions()``.
    public var defaultTimeZone: String { defaultZone.description }
    /// In which order the schedulers on connections that share links ask for their locks.
    let turns: LockTurns

    /// What every key begins with.
    public var keyPrefix: String { keys.prefix }
    /// The names of the keys.
    package var keys: RQKeys { definitions.keys }
    package var client: RedisClient { definitions.client }

    /// Makes a connection.
    ///
    /// Nothing is sent to Redis yet.
    ///
    /// - Parameters:
    ///   - url: The address, as Python's `Redis.from_url` takes it.
    ///   - keyPrefix: The beginning of every key, as RQ 3's `RQ_KEY_PREFIX`. Default `rq`.
    ///   - defaultTimeZone: The IANA zone of expressions whose definition names none, where no scheduler has published its
    ///     own; see ``timeZoneOfDefinitions()``. `nil` means the process's own.
    ///   - eventLoop: A loop to share; `nil` makes one with a thread of its own.
    /// - Throws: ``RedisCronError`` with code `.invalidOption` for a parameter that makes no sense, `.timeZoneUnavailable` if
    ///   this machine's time zone data does not have the zone, `.redis` if the loop's thread cannot be started.
    public convenience init(
        url: String, keyPrefix: String = "rq", defaultTimeZone: String? = nil, eventLoop: RedisEventLoop? = nil
    ) throws(RedisCronError) {
        do {
            try self.init(
                url: RedisURL(url), keyPrefix: keyPrefix,
                defaultZone: ZoneRules(option: "defaultTimeZone", defaultTimeZone), eventLoop: eventLoop)
        } catch let error as RedisError where error.code == .invalidURL {
            throw RedisCronError(.invalidOption, field: "url", cause: error, error.reason)
        } catch let error as RQWireError {
            throw RedisCronError(.invalidOption, field: "keyPrefix", error.reason)
        } catch {
            throw RedisCronError(error)
        }
    }

    /// As the public initialiser, with an address and a zone that are understood already.
    package init(
        url: RedisURL, keyPrefix: String = "rq", defaultZone: ZoneRules = .local(), eventLoop: RedisEventLoop? = nil
    ) throws {
        let keys = try RQKeys(prefix: keyPrefix)
        self.eventLoop = try eventLoop ?? RedisEventLoop()
        self.defaultZone = defaultZone
        definitions = DefinitionRepository(
            client: RedisClient(url: url, keyPrefix: keyPrefix, on: self.eventLoop), keys: keys)
        turns = LockTurns()
    }

    /// Makes a connection to the same Redis under another key prefix, which shares the other one's links, thread and default
    /// time zone.
    ///
    /// However many connections share them, there is one link to each server for their commands and one for all their
    /// channels. On a Redis Cluster each prefix belongs to the master of its slot: prefixes on the same master share its
    /// links, and the loss of one master concerns its prefixes alone. Schedulers on connections that share links take turns
    /// in asking for locks that they stand by for, so that several processes share the prefixes; see docs/scaling.md.
    ///
    /// Each of them is closed by itself; the links end with the last one. Which one was there first makes no difference.
    ///
    /// ```swift
    /// let first = try RedisCronConnection(url: url, keyPrefix: "tenant-a")
    /// let second = try RedisCronConnection(sharingLinksOf: first, keyPrefix: "tenant-b")
    /// ```
    ///
    /// - Throws: ``RedisCronError`` with code `.invalidOption` if no key may have the prefix.
    public init(sharingLinksOf other: RedisCronConnection, keyPrefix: String) throws(RedisCronError) {
        let keys: RQKeys
        do throws(RQWireError) {
            keys = try RQKeys(prefix: keyPrefix)
        } catch {
            throw RedisCronError(.invalidOption, field: "keyPrefix", error.reason)
        }
        eventLoop = other.eventLoop
        defaultZone = other.defaultZone
        definitions = DefinitionRepository(
            client: RedisClient(sharing: other.client.links, keyPrefix: keyPrefix), keys: keys)
        turns = other.turns
    }

    /// Closes the connection.
    ///
    /// Later calls fail, and so do those that are under way, except that calls that Redis has got already are still answered
    /// over links which other connections share.
    public func close() async {
        await client.close()
    }

    /// The error of a command, or a better one where a look at the server explains the failure: a sentinel knows none of our
    /// commands.
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

    /// Runs a script and decodes its answer without copying it.
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
