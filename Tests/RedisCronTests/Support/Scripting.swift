import RedisBridge
import TestSupport

@testable import RedisCron

extension RedisServer {
    /// Runs one of the scheduler's scripts with keys and arguments written out by hand.
    @discardableResult
    func run(
        _ script: RedisScript, keys: [any CommandPart], _ arguments: [any CommandPart]
    ) throws -> ServerReply {
        try command(["EVAL", script.source, keys.count] + keys + arguments)
    }

    /// All keys and their contents, to see that nothing changed.
    func dump() throws -> [String: ServerReply] {
        var contents: [String: ServerReply] = [:]
        for key in try command("KEYS", "*").strings {
            contents[key] = .array([try command("DUMP", key), try command("PTTL", key)])
        }
        return contents
    }
}
