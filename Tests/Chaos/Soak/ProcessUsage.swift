import Foundation
import TestSupport
import Testing

/// What a running process uses.
struct ProcessUsage: Sendable {
    /// Bytes of memory that are its own, as far as the system tells.
    let memory: Int
    /// Open file descriptors.
    let descriptors: Int

    /// Asks the system: `/proc` where there is one, else `ps` and `lsof`.
    init(of pid: pid_t) async throws {
        let folder = "/proc/\(pid)"
        if FileManager.default.fileExists(atPath: folder) {
            // Pages: all of it, resident, shared (which are the program and its libraries).
            let pages = try String(contentsOfFile: "\(folder)/statm", encoding: .utf8).split(separator: " ")
                .compactMap { Int($0) }
            guard pages.count >= 3 else { throw SupportError("\(folder)/statm holds no numbers") }
            memory = (pages[1] - pages[2]) * Int(getpagesize())
            descriptors = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/fd").count
        } else {
            let kibibytes = try await Self.output(of: "ps", ["-o", "rss=", "-p", String(pid)])
            guard let number = Int(kibibytes.trimmingCharacters(in: .whitespacesAndNewlines)) else {
                throw SupportError("ps knows no process \(pid)")
            }
            memory = number * 1_024
            descriptors = try await Self.output(of: "lsof", ["-p", String(pid)]).split(separator: "\n").count
        }
    }

    private static func output(of program: String, _ arguments: [String]) async throws -> String {
        let process = try TestSupport.ChildProcess(program, arguments)
        try await process.waitUntilExit()
        return process.output
    }
}
