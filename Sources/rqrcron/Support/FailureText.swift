import ProcessSpawn
import RedisBridge
import RedisCron

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Turns whatever a command threw into one line that says what to do next.
///
/// A password never stands in it.
struct FailureText {
    static func line(for error: any Error) -> String {
        let text =
            if let error = error.redisCause {
                line(for: error)
            } else if let error = error as? RedisCronError {
                line(for: error)
            } else {
                String(describing: error)
            }
        // One line, whatever stands in an id or in a server's answer.
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
            return "cannot connect to \(server): \(error.reason). Check the host's name in the URL"
        case .connectFailed:
            return
                "cannot connect to \(server): \(error.reason). \(advice(afterFailedConnect: error.reason, to: error.endpoint))"
        case .noMaster:
            return error.endpoint.map { "\(error.reason) (\($0))" } ?? error.reason
        case .connectTimedOut:
            return "\(server) did not answer: \(error.reason). Check host and port, or a firewall between"
        case .malformedReply:
            return "what answers at \(error.endpoint ?? "that address") is no Redis: \(error.reason). Check the port"
        case .unresponsive:
            return """
                \(server) takes connections, but does not answer: \(error.reason). Is it stuck, or is another program \
                behind that port?
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
            return "\(server) hung up: \(error.reason)"
        case .timedOut:
            return "\(server) is busy or stuck: \(error.reason)"
        case .server:
            return Refusal(error).map { "\(server) \($0.predicate)" } ?? error.description
        default:
            return error.description
        }
    }

    /// What to do when a connection was not made, by the words of the system.
    static func advice(afterFailedConnect reason: String, to endpoint: String?) -> String {
        let isSocket = endpoint?.hasPrefix("/") ?? false
        func says(_ code: CInt) -> Bool { reason == SystemCall.explain(code) }
        if says(EACCES) || says(EPERM) {
            return isSocket
                ? """
                Connecting needs the right to write to the socket, and to enter the folders above it: add this user to the \
                socket's group, or see unixsocketperm in redis.conf
                """
                : "This process may not connect there: look for a firewall, or for what its service manager forbids"
        }
        if says(ENETUNREACH) || says(EHOSTUNREACH) { return "Check the address, and the network between" }
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
            return "\(error.description); register it anew, or remove it with: rqrcron delete"
        case .timeZoneUnavailable:
            return error.message
        case .noSuchJob:
            return "\(error.description); list them with: rqrcron info"
        default:
            return error.description
        }
    }
}
