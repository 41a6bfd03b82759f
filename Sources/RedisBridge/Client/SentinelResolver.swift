/// The master of a service, as sentinels know it: asked for again before each connection, and its role looked at before
/// it is used.
///
/// A sentinel that could not be asked goes to the end of the list, so that the next question goes first to one that
/// answered.
final class SentinelResolver: RedisEndpointResolver {
    private let service: String
    private let named: RedisSentinels
    private let options: RedisConnectionOptions
    private let sentinels: Guarded<[RedisEndpoint]>

    init(_ sentinels: RedisSentinels, options: RedisConnectionOptions) {
        service = sentinels.service
        named = sentinels
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
                guard error.code != .cancelled, error.code != .tlsUnavailable else { throw error }
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
        let connection: RedisConnection
        do throws(RedisError) {
            connection = try await RedisConnection.connect(to: sentinel, options: options, on: eventLoop)
        } catch {
            throw explained(error)
        }
        let reply: RedisReply
        do throws(RedisError) {
            reply = try await connection.send(RedisCommand("SENTINEL", "GET-MASTER-ADDR-BY-NAME", service))
        } catch {
            await connection.close()
            throw explained(error)
        }
        await connection.close()
        guard !reply.isNull else {
            throw RedisError(.noMaster, "it watches no service '\(service)'", endpoint: sentinel.description)
        }
        guard let parts = reply.array, parts.count == 2, let host = parts[0].string,
            let port = parts[1].string.flatMap({ UInt16($0) })
        else {
            throw .unexpectedReply("\(reply)", expected: "a host and a port").at(endpoint: sentinel.description)
        }
        return named.server(host: host, port: port)
    }

    /// What a sentinel answered, told as what to do about it.
    private func explained(_ error: RedisError) -> RedisError {
        let reason: String
        switch error.prefix {
        case .noAuth?:
            reason = "it wants a password of its own: add sentinel_password=… to the URL's query"
        case .wrongPass?:
            reason = "it does not take the password: check sentinel_username and sentinel_password in the URL's query"
        case .noPerm?:
            reason = "\(error.reason); grant its user +sentinel|get-master-addr-by-name"
        case .err? where error.reason.lowercased().hasPrefix("unknown command"):
            reason = "it is no sentinel; those listen on port 26379 by default, and servers are named by redis://"
        case .err? where error.reason.contains("without any password configured"):
            reason = "it has no password: take sentinel_password out of the URL's query"
        default:
            guard let told = named.reason(ofSentinel: error) else { return error }
            reason = told
        }
        return RedisError(.noMaster, reason, prefix: error.prefix, endpoint: error.endpoint)
    }

    /// One error for all: what the first said, unless a later one was nearer to an answer.
    private func unanswered(_ failures: [RedisError]) -> RedisError {
        guard let failure = failures.first(where: { $0.code == .noMaster }) ?? failures.first else {
            return RedisError(.noMaster, "no sentinel was named")
        }
        let who = failures.count == 1 ? "the sentinel cannot" : "none of the \(failures.count) sentinels can"
        return RedisError(
            .noMaster, "\(who) name the master of '\(service)': \(failure.reason)", prefix: failure.prefix,
            endpoint: failure.endpoint)
    }

    func verify(_ connection: RedisConnection) async throws(RedisError) {
        let reply = try await connection.send(RedisCommand("ROLE"))
        let role = reply.array?.first?.string ?? "nothing"
        guard role == "master" else {
            throw RedisError(
                .noMaster, "the sentinels name it as the master of '\(service)', but its role is \(role)",
                endpoint: connection.endpoint.description)
        }
    }

    func explanation(of error: RedisError) -> RedisError {
        named.explainedServer(error)
    }

    func consequence(
        of error: RedisError, from endpoint: RedisEndpoint
    ) async throws(RedisError) -> RedisErrorConsequence {
        // A replica refuses a script at its first write, before anything was done.
        error.prefix == .readOnly ? .reconnectAndResend : .keep
    }
}
