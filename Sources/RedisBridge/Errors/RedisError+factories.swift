import CEventLoop

extension RedisError {
    /// What a server's error line says.
    ///
    /// The prefix is the first word when it is in upper case, as the server's conventions have it, or else `ERR`.
    static func server(_ line: String, command: String? = nil, endpoint: String? = nil) -> RedisError {
        if let denied = denialInScript(line) {
            return RedisError(
                .server, denied, prefix: .noPerm, command: command, endpoint: endpoint, fate: .refused)
        }
        let words = line.split(separator: " ", maxSplits: 1)
        if let first = words.first, isPrefix(first) {
            return RedisError(
                .server, words.count > 1 ? String(words[1]) : "", prefix: ServerErrorPrefix(rawValue: String(first)),
                command: command, endpoint: endpoint, fate: .refused)
        }
        return RedisError(.server, line, prefix: .err, command: command, endpoint: endpoint, fate: .refused)
    }

    /// What the user may not do inside a script, where servers before 8 say ERR instead of NOPERM.
    private static func denialInScript(_ line: String) -> String? {
        guard
            line.hasPrefix("ERR The user executing the script can't ") || line.hasPrefix("ERR ACL failure in script: ")
        else { return nil }
        // Behind it stand the script's digest and the line in it.
        let text = line.dropFirst("ERR ".count)
        let end = text.ranges(of: " script: ").last { text[$0.upperBound...].contains("on @user_script") }?.lowerBound
        return String(text[..<(end ?? text.endIndex)])
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
    func at(command: String? = nil, endpoint: String? = nil) -> RedisError {
        var located = self
        located.command = self.command ?? command
        located.endpoint = self.endpoint ?? endpoint
        return located
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
