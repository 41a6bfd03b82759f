import RedisBridge
import TestSupport

@testable import RedisCron

/// What scripts can be run on.
protocol Scriptable {
    /// Sends one command and waits for its answer.
    @discardableResult
    func command(_ parts: [any CommandPart]) throws -> ServerReply
}

extension RedisServer: Scriptable {}

extension ServerConnection: Scriptable {}

extension Scriptable {
    /// Runs one of the scheduler's scripts with keys and arguments written out by hand.
    @discardableResult
    func run(
        _ script: RedisScript, keys: [any CommandPart], _ arguments: [any CommandPart]
    ) throws -> ServerReply {
        try command(["EVAL", script.source, keys.count] + keys + arguments)
    }
}

extension RedisServer {
    /// All keys and their contents, to see that nothing changed.
    func dump() throws -> [String: ServerReply] {
        // Compressed, the same value may have other bytes the next time: LZF begins with whatever lies on the stack.
        try command("CONFIG", "SET", "rdbcompression", "no")
        var contents: [String: ServerReply] = [:]
        for key in try command("KEYS", "*").strings {
            contents[key] = .array([try command("DUMP", key), try command("PTTL", key)])
        }
        return contents
    }
}
