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
        let (report, failure) = try await invocation.withConnection { try await examine($0) }
        let style = TextStyle(environment: invocation.environment)
        try StandardOutput.write(invocation.arguments.has(.json) ? report.json : report.text(style: style))
        // What was mended before it is told first.
        if let failure { throw failure }
        if !report.isHealthy { throw ExitStatus(code: 1) }
    }

    /// Looks, and mends where asked to: up to the first repair that fails.
    private func examine(_ connection: RedisCronConnection) async throws -> (DoctorReport, failure: (any Error)?) {
        var report = DoctorReport()
        report.entries = try await connection.diagnose().map { DoctorReport.Entry(finding: $0, isMended: false) }
        guard repairs else { return (report, nil) }
        var isChanged = false
        do {
            for index in report.entries.indices where report.entries[index].finding.isRepairable {
                let isMended = try await connection.repair(report.entries[index].finding)
                report.entries[index].isMended = isMended
                isChanged = isChanged || !isMended
            }
            // What a repair finds changed may be in order by now, or wrong in another way.
            if isChanged { report.renew(with: try await connection.diagnose()) }
        } catch {
            return (report, error)
        }
        return (report, nil)
    }
}
