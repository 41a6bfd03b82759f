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
        let progress = ProgressLine()
        defer { progress.clear() }
        let (report, failure) = try await invocation.withConnection { try await examine($0, progress) }
        progress.clear()
        let style = TextStyle(environment: invocation.environment)
        try StandardOutput.write(invocation.arguments.has(.json) ? report.json : report.text(style: style))
        // First what was repaired before the failure.
        if let failure { throw failure }
        if !report.isHealthy { throw ExitStatus(code: 1) }
    }

    /// Diagnoses, and repairs if asked to, until a repair fails.
    private func examine(
        _ connection: RedisCronConnection, _ progress: ProgressLine
    ) async throws -> (DoctorReport, failure: (any Error)?) {
        var report = DoctorReport()
        let findings = try await connection.diagnose { progress.update("Examining", $0, of: $1) }
        report.entries = findings.map { DoctorReport.Entry(finding: $0, isRepaired: false) }
        guard repairs else { return (report, nil) }
        var isChanged = false
        do {
            let repairable = report.entries.indices.filter { report.entries[$0].finding.isRepairable }
            for (count, index) in repairable.enumerated() {
                progress.update("Repairing", count, of: repairable.count)
                let isRepaired = try await connection.repair(report.entries[index].finding)
                report.entries[index].isRepaired = isRepaired
                isChanged = isChanged || !isRepaired
            }
            // A finding that a repair found changed may be fine by now, or wrong in another way.
            if isChanged {
                report.renew(with: try await connection.diagnose { progress.update("Examining", $0, of: $1) })
            }
        } catch {
            return (report, error)
        }
        return (report, nil)
    }
}

extension CommandOption {
    static let repair = CommandOption("repair", summary: "Repair what is safe to repair, and report it.")
}

extension Command {
    /// `rqrcron doctor`.
    static let doctor: Command = Command(
        name: "doctor", summary: "Find what could keep jobs from running; repair it with --repair.",
        discussion: [
            """
            Checks the server's settings and clock, what sentinels or cluster nodes say about each other, the lock, RQ's \
            registry, the index and every definition. Tries each command of a scheduler, with a write that changes \
            nothing, so run it as the scheduler's user. Prints one line per finding. An error keeps something from \
            running, a warning says what could be lost or late, a notice is good to know.
            """,
            """
            With --repair, removes index entries without a definition and those of disabled definitions, moves entries \
            that are later than their definitions say, adds missing ones, plans definitions again that a fast clock put \
            off, takes definitions that are not finished off the list of deletions, removes silent schedulers from the registry, and gives an expiry to a lock that outlives its holder. It \
            deletes no definition and changes nothing of RQ's own.
            """,
            """
            For monitoring: the exit status is 0 if no error and no warning is left, otherwise 1.
            """,
        ],
        rules: [.optional(.repair), .optional(.json), .optional(.timeZone)] + OptionRule.connection,
        examples: [Example(line: "rqrcron doctor --repair", purpose: "After something went wrong:")]
    ) { try await DoctorCommand($0).run() }
}
