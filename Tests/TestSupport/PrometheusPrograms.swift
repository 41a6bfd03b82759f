import Foundation
import Testing

/// The programs of Prometheus that `make deps` unpacks, or that stand on the path: `promtool` and `prometheus`.
public struct PrometheusPrograms: Sendable {
    /// Absolute path of `promtool`.
    public let promtool: String
    /// Absolute path of `prometheus`.
    public let prometheus: String

    /// Finds them; `nil` where they are missing.
    public static let found: PrometheusPrograms? = {
        func find(_ name: String) -> String? {
            let unpacked = "\(PackageRoot.path)/.prometheus/usr/bin/\(name)"
            return FileManager.default.isExecutableFile(atPath: unpacked) ? unpacked : ChildProcess.find(name)
        }
        guard let promtool = find("promtool"), let prometheus = find("prometheus") else { return nil }
        return PrometheusPrograms(promtool: promtool, prometheus: prometheus)
    }()

    /// Whether to run a test that needs them: in CI it fails without.
    public static var areExpected: Bool { found != nil || ProcessInfo.processInfo.environment["CI"] != nil }

    /// Runs `promtool` to its end.
    ///
    /// - Parameters:
    ///   - arguments: Its command and what follows; paths are relative to the package's root.
    ///   - input: What it reads from standard input.
    /// - Returns: How it ended, and what it wrote.
    /// - Throws: ``SupportError`` when it is missing, ``TimedOut``.
    public static func check(
        _ arguments: [String], input: String = ""
    ) async throws -> (outcome: ChildProcess.Outcome, text: String) {
        guard let found else { throw SupportError("promtool is missing: run `make deps`") }
        let process = try ChildProcess(found.promtool, arguments, directory: PackageRoot.path, input: input)
        defer { process.kill() }
        let outcome = try await process.waitUntilExit(within: .seconds(60))
        return (outcome, process.output + process.errors)
    }
}
