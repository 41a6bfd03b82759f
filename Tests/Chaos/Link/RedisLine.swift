import Foundation
package import TestSupport

/// A connection of the run's own to its redis-server, opened again after each loss.
///
/// ``ServerConnection`` blocks, for up to 10 s while Redis stands still. Here it blocks a thread of its own, never one of
/// the few that run tasks: who lets a stopped Redis go on again must not wait for one who asks it something.
package final class RedisLine: @unchecked Sendable {
    // Unchecked: `connection` is only touched on `queue`.
    private let queue = DispatchQueue(label: "chaos.redis-line")
    private let server: RedisServer
    private var connection: ServerConnection?

    package init(_ server: RedisServer) {
        self.server = server
    }

    /// Sends one command and waits for its answer.
    ///
    /// - Throws: ``SupportError`` for an error reply and when Redis is gone or silent; a connection that failed is not
    ///   used again.
    @discardableResult
    package func command(_ parts: any CommandPart...) async throws -> ServerReply {
        try await command(parts)
    }

    /// Sends one command, given as an array, and waits for its answer.
    @discardableResult
    package func command(_ parts: [any CommandPart]) async throws -> ServerReply {
        let reply = try await pipeline([parts]).first ?? .null
        if case .error(let text) = reply { throw SupportError(text) }
        return reply
    }

    /// Sends many commands at once and waits for all answers, error replies among them.
    package func pipeline(_ commands: [[any CommandPart]]) async throws -> [ServerReply] {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try self.send(commands) }) }
        }
    }

    private func send(_ commands: [[any CommandPart]]) throws -> [ServerReply] {
        let open = try connection ?? server.connect()
        connection = nil
        let replies = try open.pipeline(commands)
        connection = open
        return replies
    }
}
