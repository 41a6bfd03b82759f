import Foundation
import ProcessSpawn

/// `rqrcron` as a process, with its page on a port of its own.
final class PageProgram {
    let port: Int
    private let process: RunningProgram
    private let tokenFile: URL

    /// Starts it, and returns when it answers.
    ///
    /// - Parameters:
    ///   - command: `run` or `serve`.
    ///   - hasPage: Whether it has the page; without it nothing is waited for.
    /// - Returns: nil when the tool has not been built, or without HTTP.
    static func start(_ command: String, hasPage: Bool = true, on server: BenchmarkServer) throws -> PageProgram? {
        guard let tool = RunningProgram.rqrcron else { return nil }
        let program = try PageProgram(tool, command, hasPage: hasPage, on: server)
        guard hasPage else { return program }
        let deadline = ContinuousClock().now + .seconds(20)
        while (try? PageConnection(port: program.port).ask("GET", "/livez").status) != 200 {
            guard ContinuousClock().now < deadline else {
                Progress.note("page: rqrcron does not answer; it may have been built without HTTP")
                return nil
            }
            Pause.milliseconds(5)
        }
        return program
    }

    private init(_ tool: String, _ command: String, hasPage: Bool, on server: BenchmarkServer) throws {
        port = try LoopbackPort.free()
        tokenFile = URL(fileURLWithPath: "/tmp/rediscron-bench-token-\(UUID().uuidString.prefix(8))")
        let isWritten = FileManager.default.createFile(
            atPath: tokenFile.path, contents: Data(PageConnection.token.utf8), attributes: [.posixPermissions: 0o600])
        guard isWritten else { throw BenchmarkError("cannot write \(tokenFile.path)") }
        let page = ["--http", "127.0.0.1:\(port)", "--http-actions", "--http-token-file", tokenFile.path]
        process = try RunningProgram(Spawn(tool, [command, "--url", server.socket.url] + (hasPage ? page : [])))
    }

    var megabytes: Double { ResidentMemory.megabytes(of: String(process.processID)) }

    /// Waits until its list of definitions is complete.
    func waitForCatalogue() throws {
        let connection = try PageConnection(port: port)
        let deadline = ContinuousClock().now + .seconds(300)
        while try !connection.ask("GET", "/api/health").body.contains("\"catalogue\":\"following\"") {
            guard ContinuousClock().now < deadline else {
                throw BenchmarkError("the list of definitions did not become complete")
            }
            Pause.milliseconds(20)
        }
    }

    func stop() {
        process.terminate()
        try? FileManager.default.removeItem(at: tokenFile)
    }

    deinit {
        stop()
    }
}
