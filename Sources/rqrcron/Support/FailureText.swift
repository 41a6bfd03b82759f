import RedisBridge
import RedisCron

/// Turns whatever a command threw into one line that says what to do next.
///
/// A password never stands in it.
struct FailureText {
    static func line(for error: any Error) -> String {
        let text =
            switch error {
            case let error as RedisError: line(for: error)
            case let error as RedisCronError: line(for: error)
            default: String(describing: error)
            }
        // One line, whatever stands in an id or in a server's answer.
        return text.split(omittingEmptySubsequences: true) { $0.isNewline }.joined(separator: " ")
    }

    private static func line(for error: RedisError) -> String {
        let server = error.endpoint.map { "Redis at \($0)" } ?? "Redis"
        switch error.code {
        case .connectFailed where error.announcer != nil, .connectTimedOut where error.announcer != nil:
            return """
                cannot connect to \(server), as \(error.announcer ?? "") announces it: \(error.reason). Is it running? If so, \
                it is not to be reached from here under that address: set replica-announce-ip (in a cluster \
                cluster-announce-ip) on it to one that is, or see to a route
                """
        case .connectFailed where error.reason.hasPrefix("the name cannot be looked up"):
            return "cannot connect to \(server): \(error.reason). Check the host's name in the URL"
        case .connectFailed:
            return """
                cannot connect to \(server): \(error.reason). Is it running? Name another with -u URL or RQ_REDIS_URL, \
                or try: rqrcron run --embedded
                """
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
