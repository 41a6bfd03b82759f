import RQWire
import RedisCron
import TestSupport
import Testing

/// A Python version whose workers run the jobs, a serializer, and who schedules.
struct WorkerSetting: Sendable, CustomTestStringConvertible {
    /// Who queues what is due.
    enum Driver: Sendable {
        /// The library, in this process.
        case library
        /// `rqrcron run`.
        case tool
    }

    let edition: PythonEnvironment.Edition
    let serializer: JobSerializer
    let driver: Driver

    /// Every pair of version and serializer, each driver with both of either.
    static let all = [
        WorkerSetting(edition: .rq3, serializer: .pickle, driver: .library),
        WorkerSetting(edition: .rq3, serializer: .json, driver: .tool),
        WorkerSetting(edition: .rq28, serializer: .pickle, driver: .tool),
        WorkerSetting(edition: .rq28, serializer: .json, driver: .library),
    ]

    var testDescription: String { "\(edition.rawValue), \(serializer), by the \(driver)" }

    /// Lets our scheduler run until `condition` holds.
    func schedule(
        _ scheduler: RedisCronScheduler, on server: RedisServer, until what: String,
        _ condition: () async throws -> Bool
    ) async throws {
        switch driver {
        case .library:
            try await whileRunning(scheduler) { try await eventually(what, within: .seconds(60), condition) }
        case .tool:
            let tool = try Rqrcron.start(
                ["run", "--serializer", serializer.rawValue], on: server, environment: ["TZ": "UTC"])
            defer { tool.kill() }
            do {
                try await eventually(what, within: .seconds(60), condition)
            } catch {
                throw SupportError("\(error); rqrcron wrote:\n\(tool.errors)")
            }
            let outcome = try await tool.terminate(within: .seconds(30))
            #expect(outcome == .exited(0), "\(tool.errors)")
        }
    }
}
