import Foundation

/// The one ``ServerConnection`` of a server that any task may use, one at a time.
final class SharedConnection: @unchecked Sendable {
    // Unchecked: `connection` is only touched with `lock` held.
    private let lock = NSLock()
    private var connection: ServerConnection?

    /// Runs `body` with the connection, opened by `connect` when there is none.
    ///
    /// One that failed is not used again.
    func use<Result>(
        _ connect: () throws -> ServerConnection, _ body: (ServerConnection) throws -> Result
    ) throws -> Result {
        lock.lock()
        defer { lock.unlock() }
        let open = try connection ?? connect()
        connection = nil
        let result = try body(open)
        connection = open
        return result
    }

    /// Closes the connection; the next use opens another.
    func close() {
        lock.withLock { connection = nil }
    }
}
