/// The upper-case word at the beginning of a server's error: the part that a program may rely on.
package struct ServerErrorPrefix: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    /// The word itself, such as `WRONGTYPE`.
    package let rawValue: String

    /// A prefix by its word.
    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// The word itself.
    package var description: String { rawValue }

    /// An error without a word of its own.
    package static let err = ServerErrorPrefix(rawValue: "ERR")
    /// The key holds a value of another type.
    package static let wrongType = ServerErrorPrefix(rawValue: "WRONGTYPE")
    /// EVALSHA of a script that the server does not have: nothing was executed.
    package static let noScript = ServerErrorPrefix(rawValue: "NOSCRIPT")
    /// The server wants a password first.
    package static let noAuth = ServerErrorPrefix(rawValue: "NOAUTH")
    /// The user name or password is wrong.
    package static let wrongPass = ServerErrorPrefix(rawValue: "WRONGPASS")
    /// The user may not do this (ACL).
    package static let noPerm = ServerErrorPrefix(rawValue: "NOPERM")
    /// A write was sent to a replica.
    package static let readOnly = ServerErrorPrefix(rawValue: "READONLY")
    /// The server is loading its data.
    package static let loading = ServerErrorPrefix(rawValue: "LOADING")
    /// The server has reached `maxmemory`.
    package static let outOfMemory = ServerErrorPrefix(rawValue: "OOM")
    /// The server cannot save to disk, and refuses writes.
    package static let misconfigured = ServerErrorPrefix(rawValue: "MISCONF")
    /// The server is running a script that takes too long.
    package static let busy = ServerErrorPrefix(rawValue: "BUSY")
    /// A replica lost its master and refuses to serve old data.
    package static let masterDown = ServerErrorPrefix(rawValue: "MASTERDOWN")
    /// Too few replicas are connected to accept a write.
    package static let noReplicas = ServerErrorPrefix(rawValue: "NOREPLICAS")
    /// Cluster: another node serves the slot.
    package static let moved = ServerErrorPrefix(rawValue: "MOVED")
    /// Cluster: the slot is being moved; to us it means the same as `tryAgain`.
    package static let ask = ServerErrorPrefix(rawValue: "ASK")
    /// Cluster: try again later.
    package static let tryAgain = ServerErrorPrefix(rawValue: "TRYAGAIN")
    /// Cluster: the keys are not in one slot.
    package static let crossSlot = ServerErrorPrefix(rawValue: "CROSSSLOT")
    /// Cluster: no node serves the slot.
    package static let clusterDown = ServerErrorPrefix(rawValue: "CLUSTERDOWN")
}

// MARK: Error lines

extension RedisError {
    /// A server's error line.
    ///
    /// The prefix is the first word if that is in upper case, as is the convention, otherwise `ERR`. The place in a
    /// script is left out, and so are the arguments of an unknown command: those of `AUTH` contain a password.
    package static func server(_ answer: String, command: String? = nil, endpoint: String? = nil) -> RedisError {
        let line = withoutPlaceInScript(answer)
        let denials = ["ERR The user executing the script can't ", "ERR ACL failure in script: "]
        if denials.contains(where: line.hasPrefix) {
            // Servers before 8 do not say NOPERM here.
            return RedisError(
                .server, String(line.dropFirst("ERR ".count)), prefix: .noPerm, command: command, endpoint: endpoint,
                fate: .refused)
        }
        if line.hasPrefix("ERR Protocol error: unauthenticated ") {
            // Redis 7 does not read a long command before the log-in, and hangs up.
            return RedisError(
                .server, "Authentication required.", prefix: .noAuth, command: command, endpoint: endpoint,
                fate: .refused)
        }
        let words = line.split(separator: " ", maxSplits: 1)
        let isPrefixed = words.first.map(isPrefix) ?? false
        let prefix = isPrefixed ? words.first.map { ServerErrorPrefix(rawValue: String($0)) } : .err
        var reason = isPrefixed ? (words.count > 1 ? String(words[1]) : "") : line
        if reason.lowercased().hasPrefix("unknown command") { reason = String(reason.prefix { $0 != "," }) }
        return RedisError(.server, reason, prefix: prefix, command: command, endpoint: endpoint, fate: .refused)
    }

    /// An error as it would read outside a script.
    ///
    /// Redis 7 appends `script: DIGEST, on @user_script:95.`; Redis 6 begins with `Error running script (call to
    /// f_DIGEST): @user_script:95: @user_script: 95: -`.
    private static func withoutPlaceInScript(_ line: String) -> String {
        if line.hasPrefix("ERR Error running script ") {
            guard let place = line.ranges(of: #/@user_script: ?[0-9]+: /#).last else { return line }
            let inner = line[place.upperBound...]
            let error = inner.hasPrefix("-") ? inner.dropFirst() : inner
            let isPrefixed = error.split(separator: " ", maxSplits: 1).first.map(isPrefix) ?? false
            return isPrefixed ? String(error) : "ERR \(error)"
        }
        let end = line.ranges(of: " script: ").last { line[$0.upperBound...].contains("on @user_script") }
        return String(line[..<(end?.lowerBound ?? line.endIndex)])
    }

    /// The command that the server does not know, if that is the error: the command was renamed or disabled, or this is
    /// not a Redis server.
    package var unknownCommand: String? {
        guard code == .server, reason.lowercased().hasPrefix("unknown command") else { return nil }
        // Between apostrophes, and before Redis 6.2 between a grave accent and an apostrophe.
        let words = reason.split { $0 == "'" || $0 == "`" }
        return words.count > 1 ? words[1].uppercased() : command
    }

    private static func isPrefix(_ word: Substring) -> Bool {
        word.utf8.allSatisfy { byte in
            (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || byte == UInt8(ascii: "_")
        }
    }
}
