import RQWire
import RedisCron

/// `rqrcron doctor`.
struct DoctorCommand: Sendable {
    private let invocation: Invocation
    private let repairs: Bool

    init(_ invocation: Invocation) {
        self.invocation = invocation
        repairs = invocation.arguments.has(.repair)
    }

    func run() async throws {
        let report = try await invocation.withScheduler { try await examine($0) }
        let style = TextStyle(environment: invocation.environment)
        try StandardOutput.write(invocation.arguments.has(.json) ? report.json : report.text(style: style))
        if !report.isHealthy { throw ExitStatus(code: 1) }
    }

    private func examine(_ scheduler: RedisCronScheduler) async throws -> DoctorReport {
        var report = DoctorReport()
        for finding in try await scheduler.diagnose() {
            let isMended = repairs && finding.isRepairable
            if isMended { try await scheduler.repair(finding) }
            report.entries.append(DoctorReport.Entry(finding: finding, isMended: isMended))
        }
        return report
    }
}
