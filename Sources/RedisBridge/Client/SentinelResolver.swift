/// The master of a service, as sentinels know it: asked for again before each connection, and its role looked at before
/// it is used.
///
/// A sentinel that could not be asked goes to the end of the list, so that the next question goes first to one that
/// answered.
final class SentinelResolver: RedisEndpointResolver {
    private let service: String
    private let options: RedisConnectionOptions
    private let sentinels: Guarded<[RedisEndpoint]>

    init(_ sentinels: RedisSentinels, options: RedisConnectionOptions) {
        service = sentinels.service
        var own = RedisConnectionOptions()
        own.username = sentinels.username
        own.password = sentinels.password
        own.tls = options.tls
        own.connectTimeout = min(options.connectTimeout, .seconds(1))
        own.commandTimeout = min(options.commandTimeout, .seconds(1))
        self.options = own
        self.sentinels = Guarded(sentinels.endpoints)
    }

    func endpoint(on eventLoop: EventLoop) async throws(RedisError) -> RedisEndpoint {
        let candidates = sentinels.withLock { $0 }
        var failures: [RedisError] = []
        for sentinel in candidates {
            do throws(RedisError) {
                return try await ask(sentinel, on: eventLoop)
            } catch {
                guard error.code != .cancelled else { throw error }
                failures.append(error)
                sentinels.withLock { list in
                    guard let index = list.firstIndex(of: sentinel) else { return }
                    list.append(list.remove(at: index))
                }
            }
        }
        throw unanswered(failures)
    }

    private func ask(_ sentinel: RedisEndpoint, on eventLoop: EventLoop) async throws(RedisError) -> RedisEndpoint {
        let connection = try await RedisConnection.connect(to: sentinel, options: options, on: eventLoop)
        let reply: RedisReply
        do throws(RedisError) {
            reply = try await connection.send(RedisCommand("SENTINEL", "GET-MASTER-ADDR-BY-NAME", service))
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
        guard !reply.isNull else {
            throw RedisError(
                .connectFailed, "this sentinel watches no service '\(service)'", endpoint: sentinel.description)
        }
        guard let parts = reply.array, parts.count == 2, let host = parts[0].string,
            let port = parts[1].string.flatMap({ UInt16($0) })
        else {
            throw .unexpectedReply("\(reply)", expected: "a host and a port").at(endpoint: sentinel.description)
        }
        if case .tls = sentinel { return .tls(host: host, port: port) }
        return .tcp(host: host, port: port)
    }

    /// One error for all: what the first said, unless a later one was nearer to an answer.
    private func unanswered(_ failures: [RedisError]) -> RedisError {
        let telling = failures.first { $0.code == .server } ?? failures.first { $0.reason.contains("watches no") }
        guard let failure = telling ?? failures.first else {
            return RedisError(.connectFailed, "no sentinel was named")
        }
        let who = failures.count == 1 ? "the sentinel" : "none of the \(failures.count) sentinels"
        return RedisError(
            failure.code, "\(who) could \(failures.count == 1 ? "not " : "")name the master: \(failure.reason)",
            prefix: failure.prefix, endpoint: failure.endpoint)
    }

    func verify(_ connection: RedisConnection) async throws(RedisError) {
        let reply = try await connection.send(RedisCommand("ROLE"))
        let role = reply.array?.first?.string ?? "nothing"
        guard role == "master" else {
            throw RedisError(
                .connectFailed, "the sentinels name it as the master of '\(service)', but its role is \(role)",
                endpoint: connection.endpoint.description)
        }
    }

    func consequence(
        of error: RedisError, from endpoint: RedisEndpoint
    ) async throws(RedisError) -> RedisErrorConsequence {
        // A replica refuses a script at its first write, before anything was done.
        error.prefix == .readOnly ? .reconnectAndResend : .keep
    }
}
