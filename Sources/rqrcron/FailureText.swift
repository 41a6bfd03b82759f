import ProcessSpawn
import RedisBridge
import RedisCron

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Turns any error of a command into one line that says what to do next.
///
/// It never contains a password.
struct FailureText {
    static func line(for error: any Error) -> String {
        if let failure = error as? PrefixFailure {
            return "prefix \(failure.keyPrefix): \(line(for: failure.cause))"
        }
        let text =
            if let cause = error.redisError {
                line(for: cause)
            } else if let error = error as? RedisCronError {
                line(for: error)
            } else {
                String(describing: error)
            }
        // One line, whatever an id or a server's answer contains.
        return text.split(omittingEmptySubsequences: true) { $0.isNewline }.joined(separator: " ")
    }

    private static func line(for error: RedisError) -> String {
        let server = error.endpoint.map { "Redis at \($0)" } ?? "Redis"
        if let advice = Refusal.adviceOnAnnouncement(for: error) {
            return
                "cannot connect to \(server), as \(error.announcer ?? "") announces it: \(error.reason). \(advice)"
        }
        switch error.code {
        case .connectFailed where error.reason.hasPrefix("the name cannot be looked up"):
            return "cannot connect to \(server): \(error.reason). Check the host name in the URL"
        case .connectFailed:
            return
                "cannot connect to \(server): \(error.reason). \(advice(afterFailedConnect: error.reason, to: error.endpoint))"
        case .noMaster:
            return error.endpoint.map { "\(error.reason) (\($0))" } ?? error.reason
        case .connectTimedOut:
            return "\(server) did not answer: \(error.reason). Check host and port, and any firewall in between"
        case .malformedReply:
            return "\(error.endpoint ?? "that address") is not a Redis server: \(error.reason). Check the port"
        case .unresponsive:
            return """
                \(server) accepts connections but does not answer: \(error.reason). Is it stuck, or does another program \
                use that port?
                """
        case .tlsUnavailable:
            return error.reason
        case .tlsMisconfigured:
            return "cannot use TLS: \(error.reason)"
        case .tlsFailed:
            return "no secure connection to \(server): \(error.reason)"
        case .tlsMismatch:
            return "cannot talk to \(server): \(error.reason)"
        case .connectionLost:
            return "\(server) closed the connection: \(error.reason)"
        case .timedOut:
            return "\(server) is busy or stuck: \(error.reason)"
        case .server:
            return Refusal(error).map { "\(server) \($0.predicate)" } ?? error.description
        default:
            return error.description
        }
    }

    /// What to do when a connection failed, by the system's text for the reason.
    static func advice(afterFailedConnect reason: String, to endpoint: String?) -> String {
        let isSocket = endpoint?.hasPrefix("/") ?? false
        func says(_ code: CInt) -> Bool { reason == SystemCall.explain(code) }
        if says(EACCES) || says(EPERM) {
            return isSocket
                ? """
                Connecting requires the right to write to the socket, and to enter the folders above it: add this user to \
                the socket's group, or see unixsocketperm in redis.conf
                """
                : "This process may not connect there: look for a firewall, or a restriction by its service manager"
        }
        if says(ENETUNREACH) || says(EHOSTUNREACH) { return "Check the address and the network" }
        if isSocket, says(ENOENT) || says(ENOTDIR) {
            return "No such socket: check its path, and unixsocket in redis.conf; is Redis running?"
        }
        return "Is it running? Name another with -u URL or RQ_REDIS_URL, or try: rqrcron run --embedded"
    }

    private static func line(for error: RedisCronError) -> String {
        switch error.code {
        case .lockHeld:
            return "\(error.description) (rqrcron run --standby)"
        case .unreadableDefinition where error.field != nil:
            return "\(error.description); register it again, or delete it with: rqrcron delete"
        case .timeZoneUnavailable:
            return error.message
        case .noSuchJob:
            return "\(error.description); list them all with: rqrcron info"
        default:
            return error.description
        }
    }
}
