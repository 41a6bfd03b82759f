package import RQWire

/// A run in words, for people.
package struct RunText: Sendable {
    package let record: RunRecord
    private let now: Timestamp

    package init(_ record: RunRecord, now: Timestamp) {
        self.record = record
        self.now = now
    }

    /// Its planned time, else when it was queued, in UTC and without an empty fraction: `2026-06-03T05:40:00Z`.
    package var when: String { Self.time(record.planned ?? record.at) }

    /// How long after its planned time it was queued; empty where none was planned, or nothing queued.
    package var lag: String {
        guard record.result == .queued, let planned = record.planned else { return "" }
        return TimeText.length(record.at - planned)
    }

    /// `✓ finished`, `✗ failed`, `▶ running for 2m 3s`, with a sign that needs no colour.
    package var outcome: String {
        switch record.result {
        case .skipped: return "– \(refusal)"
        case .unknown: return "? queued by a scheduler that records nothing"
        case .queued: break
        }
        guard let outcome = record.outcome else {
            guard let started = record.started else { return "… queued for \(TimeText.length(now - record.at))" }
            return "▶ running for \(TimeText.length(now - started))"
        }
        return "\(outcome == .finished ? "✓" : "✗") \(outcome.rawValue)" + (record.isInferred ? " (inferred)" : "")
    }

    /// `skipped: an earlier run was open`, or how often.
    private var refusal: String {
        let reason = record.why?.pastTense ?? ""
        guard record.count > 1 || record.isCountedShort else { return "skipped: \(reason)" }
        let last = record.last.map { ", the last time \(Self.time($0))" } ?? ""
        return "\(record.isCountedShort ? "more than " : "")\(record.count) times skipped: \(reason)\(last)"
    }

    /// How long it took; empty where that is not known.
    package var length: String { record.duration.map(TimeText.length) ?? "" }

    /// The outcome in one word with its sign, and how long it took, runs or waits.
    package var brief: (outcome: String, length: String) {
        guard record.isOpen else { return (record.result == .unknown ? "? unknown" : outcome, length) }
        guard let started = record.started else { return ("… queued", TimeText.length(now - record.at)) }
        return ("▶ running", TimeText.length(now - started))
    }

    /// `2026-06-03T05:40:00Z`: without a fraction where that is zero, and else to the millisecond.
    package static func time(_ time: Timestamp) -> String {
        let text = time.wireFormat
        return "\(text.prefix(time.microseconds % 1_000_000 == 0 ? 19 : 23))Z"
    }
}

extension RefusalReason {
    /// Why a time was not run, when it is over.
    package var pastTense: String {
        switch self {
        case .overlap: "an earlier run was open"
        case .missed: "it was missed"
        case .excluded: "it is excluded"
        case .ended: "it was after the end"
        case .limit: "the limit was reached"
        case .paused: "the definition was paused"
        }
    }
}
