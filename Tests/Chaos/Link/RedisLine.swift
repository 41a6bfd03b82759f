import Foundation
package import TestSupport

/// A connection of the run's own to a redis-server, opened again after each loss and where another server takes its place.
///
/// ``ServerConnection`` blocks for a while where Redis stands still. Here it blocks a thread of its own, never one of
/// the few that run tasks: who lets a stopped Redis go on again must not wait for one who asks it something.
package final class RedisLine: @unchecked Sendable {
    // Unchecked: `open` is only touched on `queue`.
    private let queue = DispatchQueue(label: "chaos.redis-line")
    private let server: @Sendable () -> RedisServer
    private let timeout: Duration
    private var open: (server: RedisServer, connection: ServerConnection)?

    package convenience init(_ server: RedisServer) {
        self.init { server }
    }

    /// - Parameters:
    ///   - timeout: How long to wait for a server that does not answer, in whole seconds.
    ///   - server: The server to talk to, asked before each command.
    package init(timeout: Duration = .seconds(10), to server: @escaping @Sendable () -> RedisServer) {
        self.server = server
        self.timeout = timeout
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
        let server = server()
        let connection =
            if let open, open.server === server { open.connection } else { try server.connect(timeout: timeout) }
        open = nil
        let replies = try connection.pipeline(commands)
        open = (server, connection)
        return replies
    }
}
