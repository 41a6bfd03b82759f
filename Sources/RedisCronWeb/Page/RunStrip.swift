import RQWire
import RedisCron

/// The last runs of a definition as a row of bars, the newest at the right: height and form tell the outcome, as colour does.
struct RunStrip: Sendable {
    /// The newest first.
    let runs: [RunRecord]
    let now: Timestamp

    private static let (pitch, height) = (5, 16)

    var html: HTML {
        guard !runs.isEmpty else { return "<span class=\"none\">none</span>" }
        let width = RunStrips.length * Self.pitch
        let shown = runs.prefix(RunStrips.length).reversed()
        let start = RunStrips.length - shown.count
        let bars = shown.enumerated().map { index, run in bar(run, at: (start + index) * Self.pitch) }
        return """
            <svg class="strip" viewBox="0 0 \(width) \(Self.height)" width="\(width)" height="\(Self.height)" role="img" \
            aria-label="\(summary)">\(bars)</svg>
            """
    }

    private func bar(_ run: RunRecord, at x: Int) -> HTML {
        let text = RunText(run, now: now)
        let took = text.length.isEmpty ? "" : ", \(text.length)"
        return "<g class=\"\(RunSign(run).name)\"><title>\(text.when) \(text.outcome)\(took)</title>\(form(run, x))</g>"
    }

    private func form(_ run: RunRecord, _ x: Int) -> HTML {
        switch RunSign(run) {
        case .good: "<rect x=\"\(x)\" y=\"5\" width=\"4\" height=\"11\"/>"
        // Broken in two, and taller than all else.
        case .bad: "<path d=\"M\(x) 0h4v9h-4zM\(x) 11h4v5h-4z\"/>"
        case .ended: "<rect x=\"\(x)\" y=\"9\" width=\"4\" height=\"7\"/>"
        case .skipped: "<rect x=\"\(x)\" y=\"14\" width=\"4\" height=\"2\"/>"
        case .running: "<path d=\"M\(x) 5h4v11h-4zM\(x + 1) 6v9h2V6z\" fill-rule=\"evenodd\"/>"
        case .queued: "<path d=\"M\(x) 12h4v4h-4zM\(x + 1) 13v2h2v-2z\" fill-rule=\"evenodd\"/>"
        case .unknown: "<rect x=\"\(x + 1)\" y=\"11\" width=\"2\" height=\"5\"/>"
        }
    }

    /// What the picture shows, for those who do not see it.
    private var summary: String {
        let counts = RunSign.allCases.compactMap { sign in
            let count = runs.count { RunSign($0) == sign }
            return count == 0 ? nil : "\(count) \(sign.word)"
        }
        return "Last \(runs.count) run\(runs.count == 1 ? "" : "s"): \(counts.joined(separator: ", "))"
    }
}

/// What a run looks like at a glance.
enum RunSign: Sendable, CaseIterable {
    case good, bad, ended, skipped, running, queued, unknown

    init(_ run: RunRecord) {
        self =
            switch (run.result, run.outcome) {
            case (.skipped, _): .skipped
            case (.unknown, _): .unknown
            case (.queued, nil): run.started == nil ? .queued : .running
            case (.queued, .finished?): .good
            case (.queued, let outcome?): outcome.isFailure ? .bad : .ended
            }
    }

    /// The class of its colour.
    var name: String {
        switch self {
        case .good: "good"
        case .bad: "bad"
        case .ended: "ended"
        case .skipped: "skipped"
        case .running: "busy"
        case .queued: "queued"
        case .unknown: "unknown"
        }
    }

    var word: String {
        switch self {
        case .good: "finished"
        case .bad: "failed"
        case .ended: "stopped or taken out"
        case .skipped: "skipped"
        case .running: "running"
        case .queued: "queued"
        case .unknown: "not recorded"
        }
    }
}
