import Foundation

/// All that a run found.
struct Report: Codable {
    struct Machine: Codable {
        let date: String
        let processor: String
        let cores: Int
        let redis: String
        let system: String
        let loadBefore: Double
    }

    let machine: Machine
    var throughput: [Throughput.Result] = []
    var program: [ProgramBurst.Result] = []
    var growth: [Growth.Result] = []
    var neighbours: [Neighbours.Result] = []
    var dispatch: Distribution?
    var edit: Distribution?
    var storm: EditStorm.Result?
    var start: StartUp.Result?
    var distance: [Distance.Result] = []
    var recording: RunRecording.Result?
    var looking: [RunLooking.Result] = []
    var puts: PutRate.Result?
    var pages: [PageTimes.Result] = []
    var disturbance: PageDisturbance.Result?
    var commands: CommandTimes.Report?
    var cluster: [ClusterCost.Result]?

    init(on server: BenchmarkServer) throws {
        var loads = [0.0]
        getloadavg(&loads, 1)
        machine = Machine(
            date: ISO8601DateFormatter().string(from: Date()), processor: Self.processor,
            cores: ProcessInfo.processInfo.activeProcessorCount, redis: try server.info("server", "redis_version"),
            system: ProcessInfo.processInfo.operatingSystemVersionString, loadBefore: loads[0])
    }

    private static var processor: String {
        let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
        return line.map { String($0.drop { $0 != ":" }.dropFirst(2)) } ?? "unknown"
    }

    func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        try encoder.encode(self).write(to: URL(fileURLWithPath: path))
    }
}
