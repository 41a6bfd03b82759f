public import Foundation
package import ProcessSpawn
public import Testing

/// A running program whose output a test can wait for.
///
/// It dies with the test process, whatever kills that. It leads its own process group, so that what it started itself (a worker's work horse) ends with it.
public final class ChildProcess: Sendable {
    /// The process id, which is its process group's id too.
    public let pid: pid_t
    /// The program's name, for messages.
    public let name: String
    private let state: Observed<State>

    private struct State: Sendable {
        var outcome: Outcome?
        var output: [UInt8] = []
        var errors: [UInt8] = []
        var openStreams = 2
    }

    /// How a program ended.
    public enum Outcome: Sendable, Hashable, CustomStringConvertible {
        /// It returned this status.
        case exited(Int32)
        /// This signal ended it.
        case killed(by: Int32)

        /// `exit status 1` or `signal 9`.
        public var description: String {
            switch self {
            case .exited(let status): "exit status \(status)"
            case .killed(let signal): "signal \(signal)"
            }
        }
    }

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - executable: A path, or a name to be found on `PATH`.
    ///   - environment: Added to this process' own; an empty value takes a variable away.
    ///   - input: What the program reads from its standard input; nothing by default.
    /// - Throws: ``SupportError`` when the program is missing or cannot be started.
    public init(
        _ executable: String,
        _ arguments: [String] = [],
        environment: [String: String] = [:],
        directory: String? = nil,
        input: String = ""
    ) throws(SupportError) {
        guard let path = executable.contains("/") ? executable : Self.find(executable) else {
            throw SupportError("\(executable) is not on PATH: run `make deps`")
        }
        var variables = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
        for (name, value) in environment where value.isEmpty { variables[name] = nil }
        name = String(path.split(separator: "/").last ?? "")

        let outputs: [Int32]
        do {
            var program = Spawn(path, arguments, environment: variables.map { "\($0.key)=\($0.value)" })
            if let directory { program = program.inDirectory(directory) }
            (pid, outputs) = try program.start(input: input, capturing: [STDOUT_FILENO, STDERR_FILENO])
        } catch {
            throw SupportError("\(error)")
        }
        Undertaker.shared.adopt(process: pid)
        state = Observed(State())
        collect(outputs[0], \.output)
        collect(outputs[1], \.errors)
        awaitExit()
    }

    /// What it has written to standard output so far.
    public var output: String { String(decoding: state.current.output, as: UTF8.self) }

    /// What it has written to standard error so far.
    public var errors: String { String(decoding: state.current.errors, as: UTF8.self) }

    /// How it ended, or `nil` while it runs.
    public var outcome: Outcome? { state.current.outcome }

    /// Sends a signal to the process alone (not to its group); does nothing when it has ended.
    public func send(signal: Int32) {
        // Under the lock: the id cannot be given to another process meanwhile, see `awaitExit`.
        state.update { if $0.outcome == nil { _ = Foundation.kill(pid, signal) } }
    }

    /// Kills the process and its group; does nothing when it has ended.
    public func kill() {
        state.update { if $0.outcome == nil { _ = killpg(pid, SIGKILL) } }
    }

    /// Waits until standard output or standard error contains `text`.
    ///
    /// - Throws: ``SupportError`` with all output when the process ends without it, ``TimedOut`` after `limit`.
    public func waitForOutput(
        containing text: String, within limit: Duration = .seconds(20),
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let wanted = Array(text.utf8)
        let found: Bool
        do {
            found = try await state.wait(for: text, within: limit, sourceLocation: sourceLocation) { state in
                if state.output.contains(wanted) || state.errors.contains(wanted) { return true }
                return state.outcome != nil && state.openStreams == 0 ? false : nil
            }
        } catch let error as TimedOut {
            throw TimedOut(
                waitingFor: "`\(text)` from \(name), which wrote:\n\(output)\(errors)", limit: error.limit,
                sourceLocation: sourceLocation)
        }
        guard found else {
            throw SupportError("\(name) ended without writing `\(text)`, but:\n\(output)\(errors)")
        }
    }

    /// Waits until the process has ended and its output is complete.
    ///
    /// - Throws: ``TimedOut`` after `limit`; the process runs on then.
    @discardableResult
    public func waitUntilExit(
        within limit: Duration = .seconds(30), sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Outcome {
        try await state.wait(for: "the end of \(name)", within: limit, sourceLocation: sourceLocation) {
            $0.openStreams == 0 ? $0.outcome : nil
        }
    }

    /// Asks the process to end with SIGTERM, waits, kills it when it does not follow.
    @discardableResult
    public func terminate(within limit: Duration = .seconds(10)) async throws -> Outcome {
        send(signal: SIGTERM)
        do {
            return try await waitUntilExit(within: limit)
        } catch {
            kill()
            throw error
        }
    }

    private func collect(_ descriptor: Int32, _ stream: any WritableKeyPath<State, [UInt8]> & Sendable) {
        let state = state
        Thread.detachNewThread {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = read(descriptor, &buffer, buffer.count)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { break }
                state.update { $0[keyPath: stream] += buffer[..<count] }
            }
            close(descriptor)
            state.update { $0.openStreams -= 1 }
        }
    }

    private func awaitExit() {
        let (pid, state) = (pid, state)
        Thread.detachNewThread {
            var information = siginfo_t()
            while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) != 0 && errno == EINTR {}
            // The process is a zombie, so its id is still its own. It is given back under the lock of `send`.
            Undertaker.shared.release(process: pid)
            state.update { state in
                // What it started itself and left behind ends too.
                _ = killpg(pid, SIGKILL)
                state.outcome =
                    switch Spawn.wait(for: pid) {
                    case .exited(let status): .exited(status)
                    case .killed(let signal): .killed(by: signal)
                    }
            }
        }
    }

    /// Absolute path of a program found on `PATH`, or `nil`.
    static func find(_ program: String) -> String? {
        let folders = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        return folders.split(separator: ":").map { "\($0)/\(program)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}

extension Spawn {
    /// The same program with another working directory.
    ///
    /// If that does not exist, the program ends with status 2.
    package func inDirectory(_ directory: String) -> Spawn {
        var program = self
        program.executable = "/bin/sh"
        program.arguments = ["-c", "cd -- \"$0\" && exec \"$@\"", directory, executable] + arguments
        return program
    }
}

extension [UInt8] {
    /// Whether `part` stands somewhere in these bytes.
    fileprivate func contains(_ part: [UInt8]) -> Bool {
        part.isEmpty || firstRange(of: part) != nil
    }
}
