import CRedisLink

extension RedisError {
    /// What a server's error line says.
    ///
    /// The prefix is the first word when it is in upper case, as the server's conventions have it, or else `ERR`. Where in
    /// a script it happened is left out, and so are the arguments of an unknown command: `AUTH` has a password there.
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
            // Redis 7 does not read a long command of somebody who has not logged in, and hangs up.
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

    /// An error as it would read outside of a script.
    ///
    /// Redis 7 appends `script: DIGEST, on @user_script:95.`; Redis 6 begins with `Error running script (call to f_DIGEST):
    /// @user_script:95: @user_script: 95: -`.
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

    /// The command that the server does not know, where that is its error: it was renamed or disabled, or it is no Redis
    /// server.
    package var unknownCommand: String? {
        guard code == .server, reason.lowercased().hasPrefix("unknown command") else { return nil }
        // In apostrophes, and before Redis 6.2 between a grave and an apostrophe.
        let words = reason.split { $0 == "'" || $0 == "`" }
        return words.count > 1 ? words[1].uppercased() : command
    }

    private static func isPrefix(_ word: Substring) -> Bool {
        word.utf8.allSatisfy { byte in
            (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || byte == UInt8(ascii: "_")
        }
    }

    static func timedOut(after duration: Duration) -> RedisError {
        RedisError(.timedOut, "no answer within \(duration.secondsText)", fate: .unknown)
    }

    static func cancelled(fate: CommandFate) -> RedisError {
        RedisError(.cancelled, "cancelled", fate: fate)
    }

    package static func unexpectedReply(_ got: String, expected: String) -> RedisError {
        RedisError(.unexpectedReply, "got \(got) where \(expected) was expected", fate: .refused)
    }

    static func system(_ doing: String, _ code: Int32) -> RedisError {
        RedisError(.system, "\(doing): \(systemErrorText(code))")
    }

    /// The same error, told of the command and the server, where it does not know them yet.
    func at(command: String? = nil, endpoint: String? = nil, announcer: String? = nil) -> RedisError {
        var located = self
        located.command = self.command ?? command
        located.endpoint = self.endpoint ?? endpoint
        located.announcer = self.announcer ?? announcer
        return located
    }

    /// The same error in other words.
    func saying(_ reason: String) -> RedisError {
        RedisError(code, reason, prefix: prefix, command: command, endpoint: endpoint, fate: fate)
            .at(announcer: announcer)
    }

    /// The same error, of a command that was not even sent.
    var notSent: RedisError {
        RedisError(code, reason, prefix: prefix, command: command, endpoint: endpoint, fate: .notSent)
            .at(announcer: announcer)
    }
}

/// What the system calls an `errno`.
func systemErrorText(_ code: Int32) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
        String(cString: event_loop_error_text(code, buffer.baseAddress, buffer.count))
    }
}

extension Duration {
    /// Whole and fractional seconds, for messages: `0.25 s`.
    var secondsText: String {
        let (seconds, attoseconds) = components
        let value = Double(seconds) + Double(attoseconds) / 1e18
        return value == value.rounded() ? "\(seconds) s" : "\(value) s"
    }

    /// Nanoseconds, clamped to what 64 bits hold.
    var nanosecondsClamped: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, carried) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        return carried ? (seconds < 0 ? .min : .max) : sum
    }
}
