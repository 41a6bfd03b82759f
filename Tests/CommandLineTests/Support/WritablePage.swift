import Foundation
import TestSupport
import Testing

/// `rqrcron` with a page that lets those change definitions who have its token.
struct WritablePage: Sendable {
    static let token = String(repeating: "0123456789abcdef", count: 2)

    let process: TestSupport.ChildProcess
    let port: Int
    /// Where the token stands.
    let tokenFile: String
    /// Without a slash at the end.
    var address: String { "http://127.0.0.1:\(port)" }

    /// Starts it on a free port, and returns once it answers.
    ///
    /// - Parameters:
    ///   - command: `run` or `serve`.
    ///   - directory: Where the token is put.
    ///   - permissions: Of the token's file.
    init(
        _ command: String, _ options: [String] = [], on server: RedisServer, in directory: TemporaryDirectory,
        permissions: Int = 0o600
    ) async throws {
        tokenFile = "\(directory.path)/token"
        try Self.token.write(toFile: tokenFile, atomically: false, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: permissions], ofItemAtPath: tokenFile)
        process = try Rqrcron.start(
            [command, "--http", "127.0.0.1:0", "--http-actions", "--http-token-file", tokenFile] + options, on: server)
        do {
            try await process.waitForOutput(containing: command == "run" ? "leads" : "the page is at http")
            let found = process.errors.firstMatch(of: /at http:\/\/127\.0\.0\.1:([0-9]+)\//).flatMap { Int($0.1) }
            port = try #require(found, "\(process.errors)")
        } catch {
            process.kill()
            throw error
        }
    }
}
