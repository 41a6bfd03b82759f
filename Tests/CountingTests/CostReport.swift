import Foundation
import TestSupport
import Testing

/// What `rediscron-benchmarks --count-allocations` counted.
struct CostReport: Decodable, Sendable {
    struct Pass: Decodable, Sendable {
        let jobs: Int
        /// Commands that the server executed, those inside scripts included.
        let commands: [String: Int]
        /// Heap allocations; nil if they cannot be counted: under a sanitizer, and without glibc.
        let allocations: Int?

        /// How often the server executed a command.
        func count(_ command: String) -> Int { commands[command] ?? 0 }
    }

    let cold: Pass
    let warm: Pass
    let idle: Pass

    /// Jobs in one batch, by default.
    static let batchSize = 100
    /// Batches of a pass.
    var batches: Int { warm.jobs / Self.batchSize }

    /// Whether this build counts heap allocations.
    var countsAllocations: Bool { warm.allocations != nil }

    /// One run serves all tests.
    static let shared = Task {
        let process = try ChildProcess(BuiltProgram.path(of: "rediscron-benchmarks"), ["--count-allocations"])
        defer { process.kill() }
        let outcome = try await process.waitUntilExit()
        guard outcome == .exited(0) else { throw SupportError("\(outcome): \(process.errors)") }
        return try JSONDecoder().decode(CostReport.self, from: Data(process.output.utf8))
    }
}
