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
            return line(for: error, server: server)
        default:
            return error.description
        }
    }

    private static func line(for error: RedisError, server: String) -> String {
        switch error.prefix {
        case .noAuth?:
            return "\(server) wants a password: put it into the URL, as in redis://:password@host:6379/0"
        case .wrongPass?:
            return "\(server) does not take this user name and password. Check them in the URL"
        case .noPerm?:
            return "\(server) denies it: \(error.reason). \(grant(for: error))"
        case .wrongType?:
            return "\(server) has another type under a key than it should: \(error.reason); look with: rqrcron doctor"
        case .readOnly?:
            return "\(server) is a replica, which takes no changes: name its master with -u URL"
        case .loading?:
            return "\(server) is still loading its data: try again in a moment"
        case .outOfMemory?:
            return "\(server) has reached its maxmemory: \(error.reason). Give it more, or remove data"
        case .misconfigured?:
            return "\(server) cannot save to disk and refuses changes: \(error.reason)"
        case _ where error.reason.contains("DB index is out of range"):
            return "\(server) has no database of that number: take another one at the end of the URL, mostly 0 to 15"
        case .crossSlot?:
            return "\(server): \(error.reason) (--key-prefix, RQ_KEY_PREFIX)"
        case _ where error.reason.contains("without any password configured"):
            return "\(server) has no password, but the URL has one: take it out of the URL"
        default:
            return error.description
        }
    }

    /// What an administrator has to grant, as far as the server said what it denied.
    private static func grant(for error: RedisError) -> String {
        let words = error.reason.split(separator: "'", omittingEmptySubsequences: false)
        let grant =
            if error.reason.contains("channel") {
                "'&PREFIX:cron_jobs:events'"
            } else if error.reason.contains("key") {
                "'~PREFIX:*'"
            } else if words.count == 3 {
                "+\(words[1])"
            } else {
                "COMMANDS"
            }
        return "Grant it with: ACL SETUSER NAME \(grant); docs/acl.md has all that is needed"
    }

    private static func line(for error: RedisCronError) -> String {
        switch error.code {
        case .lockHeld:
            return "\(error.description) (rqrcron run --standby)"
        case .unreadableDefinition where error.field != nil:
            return "\(error.description); register it anew, or remove it with: rqrcron delete"
        case .noSuchJob:
            return "\(error.description); list them with: rqrcron info"
        default:
            return error.description
        }
    }
}
