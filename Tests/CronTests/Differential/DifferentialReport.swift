import Cron

/// The result of comparing.
struct DifferentialReport: Sendable, CustomStringConvertible {
    let seed: UInt64
    private(set) var refusedByBoth = 0
    private(set) var equalTimes = 0
    private(set) var departures: [Departure: Int] = [:]
    private(set) var differences: [String] = []

    /// The intended differences from croniter and RQ; docs/cron.md gives the reasons.
    enum Departure: String, Sendable, CaseIterable {
        case everyHour = "fires through a clock change where the hour column admits every hour"
        case neverMatches = "refuses an expression without any date when it is parsed, not when a time is asked for"
        case resolvedOnce = "resolves R once (croniter: at each parse); the resolved text has equal times"
    }

    init(seed: UInt64) {
        self.seed = seed
    }

    mutating func judge(_ ours: DifferentialCase, against reference: ReferenceAnswer) {
        switch (ours.outcome, reference) {
        case (.refused(.neverMatches), .times([], _)):
            departures[.neverMatches, default: 0] += 1
        case (.refused, .refused):
            refusedByBoth += 1
        case (.times(let times), .times(let byRQ, let exact)) where times == exact ?? byRQ:
            if times != byRQ {
                departures[.everyHour, default: 0] += 1
            } else if ours.written != ours.expression {
                departures[.resolvedOnce, default: 0] += 1
            } else {
                equalTimes += 1
            }
        default:
            differences.append("\(ours)\n    reference: \(reference)")
        }
    }

    mutating func merge(_ other: DifferentialReport) {
        refusedByBoth += other.refusedByBoth
        equalTimes += other.equalTimes
        departures.merge(other.departures, uniquingKeysWith: +)
        differences += other.differences
    }

    var total: Int {
        refusedByBoth + equalTimes + departures.values.reduce(0, +) + differences.count
    }

    var description: String {
        let named = Departure.allCases.map { "    \(departures[$0, default: 0]) \($0.rawValue)" }
        return """
            Cron against croniter and RQ: \(total) expressions, seed \(seed)
              \(equalTimes) with equal times
              \(refusedByBoth) refused by both
              \(departures.values.reduce(0, +)) named departures:
            \(named.joined(separator: "\n"))
              \(differences.count) other differences
            """
    }
}
