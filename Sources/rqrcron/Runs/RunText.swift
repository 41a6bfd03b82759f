import RQWire
import RedisCron

/// A run on a terminal.
extension RunText {
    /// All that is known of it behind its time: `✗ failed after 12.3s, 3 attempts, trigger: ValueError: no`.
    func sentence(_ style: TextStyle = TextStyle(isColored: false)) -> String {
        var text = paint(outcome, style)
        if let length = record.duration {
            text += " \(record.outcome == .finished ? "in" : "after") \(TimeText.length(length))"
        }
        if let attempts = record.attempts, attempts > 1 { text += ", \(attempts) attempts" }
        if let reason = record.reason, reason != .schedule { text += ", \(reason.rawValue)" }
        if let error = record.error { text += ": \(error.onOneLine)" }
        return text
    }

    /// The outcome in the colour that it has.
    func paint(_ text: String, _ style: TextStyle) -> String {
        switch color {
        case .dim: style.dim(text)
        case .yellow: style.yellow(text)
        case .green: style.green(text)
        case .red: style.red(text)
        }
    }

    /// The colours of outcomes.
    enum Color {
        case dim, yellow, green, red
    }

    /// What was refused or still is queued is dim.
    var color: Color {
        switch (record.result, record.outcome) {
        case (.skipped, _): .dim
        case (.unknown, _): .yellow
        case (.queued, .finished): .green
        case (.queued, nil): record.started == nil ? .dim : .yellow
        case (.queued, _): .red
        }
    }
}
