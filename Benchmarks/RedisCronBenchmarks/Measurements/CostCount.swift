import CPlainPipeline
import Foundation
import RQWire

/// What a pass costs that can be counted without a clock: commands, round trips, heap allocations.
struct CostCount: Codable {
    struct Pass: Codable {
        let jobs: Int
        /// Commands that the server executed, those of scripts included, by name.
        let commands: [String: Int]
        /// Heap allocations of the whole process; nil where they cannot be counted.
        let allocations: Int?
    }

    /// Everything due, nothing cached.
    let cold: Pass
    /// Everything due and cached.
    let warm: Pass
    /// Nothing due.
    let idle: Pass

    static let jobs = 2_000

    var json: String {
        get throws { String(decoding: try JSONEncoder().encode(self), as: UTF8.self) }
    }

    static func run() async throws -> CostCount {
        let server = try BenchmarkServer()
        defer { server.stop() }
        let hour = Timestamp(unixSeconds: EventHour.current)
        let loaded = try LoadedWorkload(Workload(count: jobs), into: server, hour: hour)
        let ours = try OurScheduler(socketPath: server.socketPath)
        try await ours.begin()
        var passes: [Pass] = []
        // The second pass warms up what grows once; the third is like all that follow.
        for pass in 0..<4 {
            let hasDue = pass < 3
            let now = hour + .seconds(min(pass, 2) * 3600 + 1860)
            try server.control.command("CONFIG", "RESETSTAT")
            let allocations = heap_allocation_count()
            let queued = try await ours.tick(at: now)
            let allocated = heap_allocation_count() - allocations
            passes.append(
                Pass(
                    jobs: queued, commands: try server.commandStatistics().mapValues(\.calls),
                    allocations: heap_counts_allocations() ? Int(allocated) : nil))
            if hasDue {
                try ResultCheck("swift-rediscron", loaded).checkJobs()
                try loaded.removeJobs()
            }
        }
        try await ours.end()
        return CostCount(cold: passes[0], warm: passes[2], idle: passes[3])
    }
}
