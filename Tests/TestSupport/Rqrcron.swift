import Foundation
import Testing

/// The built tool, run as a user runs it.
public enum Rqrcron {
    /// The binary of the build that this test is of.
    public static let path: String = BuiltProgram.path(of: "rqrcron")

    /// What became of one command.
    public struct Ending: Sendable {
        /// Its exit status.
        public let status: Int32
        /// What it wrote to standard output.
        public let output: String
        /// What it wrote to standard error.
        public let errors: String
    }

    /// Variables that would make a test depend on whose machine it runs on.
    private static let clean = [
        "RQ_REDIS_URL": "", "REDIS_URL": "", "REDIS_HOST": "", "REDIS_PORT": "", "REDIS_DB": "", "REDIS_PASSWORD": "",
        "REDIS_SSL": "", "RQ_KEY_PREFIX": "", "NO_COLOR": "",
    ]

    /// Runs a command to its end.
    ///
    /// - Throws: ``SupportError`` when it cannot be started or a signal ended it, ``TimedOut``.
    public static func run(
        _ arguments: [String], on server: RedisServer? = nil, environment: [String: String] = [:], input: String = ""
    ) async throws -> Ending {
        let process = try start(arguments, on: server, environment: environment, input: input)
        defer { process.kill() }
        guard case .exited(let status) = try await process.waitUntilExit() else {
            throw SupportError("rqrcron \(arguments) was killed:\n\(process.errors)")
        }
        return Ending(status: status, output: process.output, errors: process.errors)
    }

    /// Starts a command and lets it run.
    ///
    /// The caller ends it; it ends with the test process in any case.
    ///
    /// - Throws: ``SupportError`` when it cannot be started.
    public static func start(
        _ arguments: [String], on server: RedisServer? = nil, environment: [String: String] = [:], input: String = ""
    ) throws -> ChildProcess {
        var variables = clean
        if let server { variables["RQ_REDIS_URL"] = server.url }
        return try ChildProcess(
            path, arguments, environment: variables.merging(environment) { _, new in new }, input: input)
    }
}
