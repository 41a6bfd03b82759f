import RQWire
import RedisCron

/// The findings of `doctor`, and which of them it repaired.
struct DoctorReport: Sendable {
    struct Entry: Sendable {
        let finding: Finding
        var isRepaired: Bool
    }

    /// How many findings of one kind are printed before the rest are counted.
    private static let shown = 20

    var entries: [Entry] = []

    /// Whether no error and no warning is left.
    var isHealthy: Bool {
        entries.allSatisfy { $0.isRepaired || $0.finding.severity == .notice }
    }

    /// Replaces everything that was not repaired by the findings of a second diagnosis.
    mutating func renew(with findings: [Finding]) {
        entries = entries.filter(\.isRepaired) + findings.map { Entry(finding: $0, isRepaired: false) }
    }

    /// One line per finding, the gravest first, and a closing line.
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
                "repaired": .bool(entry.isRepaired),
            ])
        }
        return "\(JSONValue.object(["healthy": .bool(isHealthy), "findings": .array(findings)]))\n"
    }

    private func line(_ entry: Entry, _ style: TextStyle) -> String {
        let what = entry.isRepaired ? style.green(TextWidth.pad("fixed", to: 7)) : name(entry.finding.severity, style)
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
        let left = entries.filter { !$0.isRepaired }
        let fixed = entries.count - left.count
        var parts = Finding.Severity.allCases.reversed().compactMap { severity -> String? in
            let count = left.count { $0.finding.severity == severity }
            return count == 0 ? nil : "\(count) \(severity.word)\(count == 1 ? "" : "s")"
        }
        if fixed > 0 { parts.append("\(fixed) fixed") }
        guard !parts.isEmpty else { return "All is well.\n" }
        let repairable = left.count { $0.finding.isRepairable }
        let hint = repairable > 0 ? "; \(repairable) can be repaired with: rqrcron doctor --repair" : ""
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
