import RQWire
import RedisCron

/// What `doctor` found and did.
struct DoctorReport: Sendable {
    /// A finding, and whether it was mended.
    struct Entry: Sendable {
        let finding: Finding
        var isMended: Bool
    }

    /// Findings of one kind that are printed one by one before the rest is counted.
    private static let shown = 20

    var entries: [Entry] = []

    /// Whether nothing is left that a monitor should tell somebody.
    var isHealthy: Bool {
        entries.allSatisfy { $0.isMended || $0.finding.severity == .notice }
    }

    /// Puts what was found in a second look in the place of all that was not mended.
    mutating func renew(with findings: [Finding]) {
        entries = entries.filter(\.isMended) + findings.map { Entry(finding: $0, isMended: false) }
    }

    /// A line for each finding, the gravest first, and a closing line.
    func text(style: TextStyle) -> String {
        var text = ""
        for severity in Finding.Severity.allCases.reversed() {
            var printed: [Finding.Check: Int] = [:]
            for entry in entries where entry.finding.severity == severity {
                printed[entry.finding.check, default: 0] += 1
                if printed[entry.finding.check, default: 0] <= Self.shown { text += line(entry, style) }
            }
            for (check, count) in printed.sorted(by: { $0.key.description < $1.key.description })
            where count > Self.shown {
                text += "\(name(severity, style))  \(check): \(count - Self.shown) more like these\n"
            }
        }
        return text + closing
    }

    /// One object on one line, with all findings.
    var json: String {
        let findings = entries.map { entry -> JSONValue in
            .object([
                "severity": .string(entry.finding.severity.word),
                "check": .string(entry.finding.check.description),
                "subject": entry.finding.subject.map { .string($0) } ?? .null,
                "message": .string(entry.finding.message),
                "repairable": .bool(entry.finding.isRepairable),
                "repaired": .bool(entry.isMended),
            ])
        }
        return "\(JSONValue.object(["healthy": .bool(isHealthy), "findings": .array(findings)]))\n"
    }

    private func line(_ entry: Entry, _ style: TextStyle) -> String {
        let what = entry.isMended ? style.green(TextWidth.pad("mended", to: 7)) : name(entry.finding.severity, style)
        return "\(what)  \(entry.finding.description.onOneLine)\n"
    }

    private func name(_ severity: Finding.Severity, _ style: TextStyle) -> String {
        let padded = TextWidth.pad(severity.word, to: 7)
        return switch severity {
        case .error: style.red(padded)
        case .warning: style.yellow(padded)
        case .notice: style.dim(padded)
        }
    }

    private var closing: String {
        let left = entries.filter { !$0.isMended }
        let mended = entries.count - left.count
        var parts = Finding.Severity.allCases.reversed().compactMap { severity -> String? in
            let count = left.count { $0.finding.severity == severity }
            return count == 0 ? nil : "\(count) \(severity.word)\(count == 1 ? "" : "s")"
        }
        if mended > 0 { parts.append("\(mended) mended") }
        guard !parts.isEmpty else { return "All is well.\n" }
        let hint = left.contains { $0.finding.isRepairable } ? "; mend what can be with: rqrcron doctor --repair" : ""
        return "\(parts.joined(separator: ", "))\(hint)\n"
    }
}

extension Finding.Severity {
    fileprivate var word: String {
        switch self {
        case .notice: "notice"
        case .warning: "warning"
        case .error: "error"
        }
    }
}
