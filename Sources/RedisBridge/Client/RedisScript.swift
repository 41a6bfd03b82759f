/// A Lua script that the server keeps: sent once, then called by its digest.
///
/// The digest is the server's answer to SCRIPT LOAD, so nothing here computes it. A server without the script (it
/// restarted, or was told to forget it) answers NOSCRIPT and has executed nothing: then the script is loaded and called
/// once more.
///
/// ```swift
/// var call = script.call(keyCount: 1)
/// call.append("counter")
/// call.append(7)
/// let total = try await script.run(call.finish(), on: client) { … }
/// ```
package final class RedisScript: Sendable {
    /// The Lua text.
    package let source: String
    /// The digest, once known.
    ///
    /// It depends on the text only, so every writer writes the same.
    private let digest = Guarded<String?>(nil)

    /// A script by its text; nothing is sent yet.
    package init(_ source: String) {
        self.source = source
    }

    /// Begins a call: append the keys, then the other arguments.
    ///
    /// The result can be run on any server, whether or not the script was loaded when it was made.
    ///
    /// - Parameters:
    ///   - keyCount: how many of the arguments are keys.
    ///   - capacity: the bytes to reserve for the arguments.
    package func call(keyCount: Int, reserving capacity: Int = 256) -> RedisCommand.Builder {
        var builder = RedisCommand.Builder("EVALSHA", reserving: capacity + 64)
        builder.append(digest.withLock { $0 } ?? RedisCommand.noDigest)
        builder.append(keyCount)
        return builder
    }

    /// Runs a call and decodes its reply in place.
    ///
    /// Suspends for one round trip, or three if the script must be loaded first.
    ///
    /// - Parameters:
    ///   - call: what `call(keyCount:)` began. Its first argument is set to the script's digest.
    ///   - sender: the connection or client.
    ///   - timeout: how long to wait for each of the replies; the sender's `commandTimeout` when `nil`.
    ///   - decode: gets the reply unless it is an error.
    /// - Throws: as the sender does. When the connection is lost, the script may have run.
    package func run<Value: Sendable>(
        _ call: RedisCommand, on sender: some RedisCommandSender, timeout: Duration? = nil,
        decoding decode: @escaping @Sendable (borrowing RedisReplyView) throws(RedisError) -> Value
    ) async throws(RedisError) -> Value {
        try await perform(call, on: sender, timeout: timeout) { command throws(RedisError) in
            try await sender.send(command, timeout: timeout, decoding: decode)
        }
    }

    /// Calls `send` with the digest in its place, and once more after NOSCRIPT.
    func perform<Value: Sendable>(
        _ call: RedisCommand, on sender: some RedisCommandSender, timeout: Duration?,
        _ send: (RedisCommand) async throws(RedisError) -> Value
    ) async throws(RedisError) -> Value {
        let known: String
        if let digest = digest.withLock({ $0 }) {
            known = digest
        } else {
            known = try await load(on: sender, timeout: timeout)
        }
        var command = call
        command.setDigest(known)
        do {
            return try await send(command)
        } catch {
            guard error.prefix == .noScript else { throw error }
        }
        try await load(on: sender, timeout: timeout)
        return try await send(command)
    }

    /// Sends the script to the server, whether or not it has it.
    ///
    /// - Returns: the script's digest.
    /// - Throws: as the sender does; `.server` when the script does not compile.
    @discardableResult
    package func load(
        on sender: some RedisCommandSender, timeout: Duration? = nil
    ) async throws(RedisError) -> String {
        let reply = try await sender.send(RedisCommand("SCRIPT", "LOAD", source), timeout: timeout)
        guard let answer = reply.string, answer.utf8.count == RedisCommand.noDigest.utf8.count else {
            throw .unexpectedReply("\(reply)", expected: "the digest of a script")
        }
        digest.withLock { $0 = answer }
        return answer
    }
}
