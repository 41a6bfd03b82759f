package import RedisBridge

/// A server's error as a sentence: what it refuses, and what to do about it.
package struct Refusal: Sendable, Hashable {
    /// What follows the server in the sentence: `has reached its maxmemory and refuses writes (OOM): …`.
    package let predicate: String

    /// The sentence for an error; `nil` when it is none of the server's, or one that speaks for itself.
    package init?(_ error: RedisError) {
        guard error.code == .server, let predicate = Self.predicate(error) else { return nil }
        self.predicate = predicate
    }

    /// An error as a log line has it: the sentence about the server, or the error's own text.
    static func text(for error: any Error) -> String {
        guard let error = error.redisError else { return String(describing: error) }
        if let advice = adviceOnAnnouncement(for: error) { return "\(error). \(advice)" }
        guard let refusal = Refusal(error) else { return String(describing: error) }
        return "\(error.endpoint ?? "the server") \(refusal.predicate)"
    }

    /// What to do about a server that cannot be reached at the address that a sentinel or a node announced; `nil` for any
    /// other error.
    package static func adviceOnAnnouncement(for error: RedisError) -> String? {
        guard error.announcer != nil, error.code == .connectFailed || error.code == .connectTimedOut else { return nil }
        return """
            Is it running? If so, it is not to be reached from here under that address: set replica-announce-ip (in a \
            cluster cluster-announce-ip) on it to one that is, or see to a route
            """
    }

    private static func predicate(_ error: RedisError) -> String? {
        if let command = error.unknownCommand {
            // A sentinel whose URL names a database refuses this first command, so nothing more can be asked.
            let isOdd =
                command == "SELECT" ? "; or it is a sentinel, which redis+sentinel://HOST:PORT/SERVICE names" : ""
            return """
                does not know the command \(command), which is needed for \(NeededCommand.purpose(of: command)): it was \
                renamed or disabled in the server's configuration\(isOdd)
                """
        }
        switch error.prefix {
        case .noAuth?:
            return "wants a password: put it into the URL, as in redis://:password@host:6379/0"
        case .wrongPass?:
            return """
                does not take this user name and password. Check them in the URL; a server that has a password and no users \
                takes it without a name, as in redis://:password@host:6379/0
                """
        case .noPerm?:
            return "denies it: \(error.reason). \(grant(for: error))"
        case .wrongType?:
            return "has another type under a key than it should: \(error.reason); look with: rqrcron doctor"
        case .crossSlot?:
            return "refuses keys of several slots: \(error.reason) (--key-prefix, RQ_KEY_PREFIX)"
        case _ where error.reason.contains("DB index is out of range"):
            return "has no database of that number: take another one at the end of the URL, mostly 0 to 15"
        case _ where error.reason.contains("without any password configured"):
            return "has no password, but the URL has one: take it out of the URL"
        case _ where error.command == "AUTH" && error.reason.contains("wrong number of arguments"):
            return "is too old for user names: take the name out of the URL, as in redis://:password@host:6379/0"
        default:
            return state(error)
        }
    }

    /// What keeps a server from working for a while, whatever it is asked.
    private static func state(_ error: RedisError) -> String? {
        switch error.prefix {
        case .outOfMemory?:
            return "has reached its maxmemory and refuses writes (OOM): give it more memory, or remove data"
        case .misconfigured? where error.reason.contains("AOF"):
            return "cannot write its append-only file and refuses writes (MISCONF): \(error.reason)"
        case .misconfigured?:
            return """
                could not save its last snapshot and refuses writes (MISCONF): see its log and its disk, or set \
                stop-writes-on-bgsave-error to no
                """
        case .readOnly?:
            return "is a replica, which takes no changes (READONLY): name its master with -u URL"
        case .noReplicas?:
            return """
                has fewer replicas than its min-replicas-to-write and refuses writes (NOREPLICAS): look at its replicas, \
                or whether another server is the master by now
                """
        case .loading?:
            return "is still loading its data (LOADING): try again in a moment"
        case .masterDown?:
            return "is a replica that has lost its master (MASTERDOWN): name a master with -u URL"
        case .busy?:
            return "is busy with somebody's script (BUSY): wait, or end it with SCRIPT KILL"
        case .clusterDown?:
            return "serves no keys now (CLUSTERDOWN): \(error.reason); look with CLUSTER INFO and CLUSTER NODES"
        case .tryAgain?, .ask?:
            return """
                is moving the slot of our keys to another node (\(error.prefix?.rawValue ?? "")): that ends with the move
                """
        case .moved?:
            return "says that another node has our keys (MOVED \(error.reason))"
        default:
            return nil
        }
    }

    /// What an administrator has to grant, as far as the server said what it denied.
    private static func grant(for error: RedisError) -> String {
        let reason = error.reason
        let quoted = reason.split(separator: "'", omittingEmptySubsequences: false)
        let grant =
            if let command = reason.firstMatch(of: /may not run ([A-Z]+) on (.+)/) {
                // Redis does not say whether it is the command or the key.
                "+\(command.1.lowercased()), or its key: \(command.2)"
            } else if reason.contains("channel") {
                "'&PREFIX:cron_jobs:events'"
            } else if reason.contains("key") {
                "'~PREFIX:*'"
            } else if quoted.count == 3 {
                "+\(quoted[1])"
            } else {
                "COMMANDS"
            }
        return "Grant it with: ACL SETUSER NAME \(grant); docs/acl.md has all that is needed"
    }
}
