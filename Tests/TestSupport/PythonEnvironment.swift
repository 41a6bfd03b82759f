import Foundation
import Testing

/// One of the three virtual environments with the real Python packages that `make deps` makes.
public struct PythonEnvironment: Sendable {
    /// Which versions are in it.
    public enum Edition: String, Sendable, CaseIterable {
        /// rq 3.0.0, rq-rediscron 0.1.10 and croniter 7.0.0.
        case rq3 = "rq 3.0.0"
        /// rq 2.8.0 and croniter 7.0.0.
        case rq28 = "rq 2.8.0"
        /// rq 2.12.0, the last but RQ 3 and the first with webhooks here, and croniter 7.0.0.
        case rq212 = "rq 2.12.0"
    }

    /// Which versions are in it.
    public let edition: Edition
    /// Absolute path of its interpreter.
    public let interpreter: String

    /// Folder with the scripts and the task module of the tests; on the interpreter's import path.
    public static let scripts = "\(PackageRoot.path)/Tests/python"

    /// Finds an environment: the interpreter named by `REDISCRON_PYTHON` (`REDISCRON_PYTHON_RQ28`,
    /// `REDISCRON_PYTHON_RQ212`), else the one in `.venv` (`.venv-rq28`, `.venv-rq212`) of the package.
    ///
    /// - Throws: ``SupportError`` when there is none.
    public init(_ edition: Edition = .rq3) throws(SupportError) {
        let (variable, folder) =
            switch edition {
            case .rq3: ("REDISCRON_PYTHON", ".venv")
            case .rq28: ("REDISCRON_PYTHON_RQ28", ".venv-rq28")
            case .rq212: ("REDISCRON_PYTHON_RQ212", ".venv-rq212")
            }
        self.edition = edition
        interpreter =
            ProcessInfo.processInfo.environment[variable] ?? "\(PackageRoot.path)/\(folder)/bin/python"
        guard FileManager.default.isExecutableFile(atPath: interpreter) else {
            throw SupportError(
                "no Python with \(edition.rawValue) at \(interpreter): run `make deps`, or set \(variable)")
        }
    }

    /// Runs Python to its end and returns what it wrote to standard output.
    ///
    /// - Parameters:
    ///   - arguments: As after `python`: a script's path, `-c` and code, `-m` and a module.
    ///   - environment: Added to this process' own.
    ///   - input: What it reads from standard input.
    ///   - limit: Killed after that, 60 s by default.
    /// - Throws: ``SupportError`` with what it wrote to standard error when its exit status is not 0, ``TimedOut``.
    @discardableResult
    public func run(
        _ arguments: [String], environment: [String: String] = [:], input: String = "",
        within limit: Duration = .seconds(60)
    ) async throws -> String {
        let process = try start(arguments, environment: environment, input: input)
        defer { process.kill() }
        let outcome = try await process.waitUntilExit(within: limit)
        guard outcome == .exited(0) else {
            throw SupportError(
                "python \(arguments.joined(separator: " ")) ended with \(outcome):\n\(process.errors)\(process.output)")
        }
        return process.output
    }

    /// Starts Python and lets it run.
    ///
    /// The caller ends it; it ends with the test process in any case.
    ///
    /// - Throws: ``SupportError`` when it cannot be started.
    public func start(
        _ arguments: [String], environment: [String: String] = [:], input: String = ""
    ) throws(SupportError) -> ChildProcess {
        let own = [
            "PYTHONPATH": Self.scripts, "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1",
        ]
        return try ChildProcess(
            interpreter, arguments, environment: own.merging(environment) { _, new in new }, input: input)
    }
}
