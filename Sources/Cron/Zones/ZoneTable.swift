/// The offsets of one zone over time: spans of constant offset, in order for binary search.
///
/// An *instant* is a Unix time. A *reading* is what the zone's clock shows then: instant plus offset, counted in seconds as
/// if it were UTC. Every instant has one reading. A reading may come twice (the clock was set back) or never (it was set
/// forward).
///
/// A zone with a rule for the future gets spans for one cycle of the calendar (400 years) past its recorded transitions.
/// Later instants are looked up whole cycles earlier, which is exact because the rule repeats with the calendar.
struct ZoneTable: Sendable, Hashable {
    private var changes: [Change]
    /// From here on, instants are looked up whole cycles of the calendar earlier.
    private let horizon: Int

    /// - Parameters:
    ///   - offset: The offset, in seconds east of UTC, before the first transition.
    ///   - transitions: Instants in rising order, with the offset that begins at each.
    ///   - horizon: Where the cycles begin. The transitions cover one whole cycle before it and some years after it.
    init(offset: Int, transitions: [(instant: Int, offset: Int)], horizon: Int = .max) {
        changes = [Change(start: .min, offset: offset, readUntil: .min)]
        changes.reserveCapacity(transitions.count + 1)
        var current = changes[0]
        for transition in transitions where transition.offset != current.offset {
            current = Change(
                start: transition.instant,
                offset: transition.offset,
                readUntil: max(current.readUntil, transition.instant + current.offset))
            changes.append(current)
        }
        self.horizon = horizon
    }

    /// The span that holds an instant.
    func span(at instant: Int) -> ZoneSpan {
        let cycles = Self.cycles(from: horizon, to: instant)
        return span(Self.lastIndex(in: changes) { $0.start <= instant - cycles }, cycles: cycles)
    }

    /// The instant at which the clock first shows a reading.
    ///
    /// A skipped reading means the instant that lies as far past the jump (RQ's rule: the time moves by the gap).
    func firstInstant(showing reading: Int) -> Int {
        let cycles = Self.cycles(from: horizon, to: reading)
        let span = span(Self.lastIndex(in: changes) { $0.readUntil <= reading - cycles }, cycles: cycles)
        return reading - (reading < span.firstReading ? span.previousOffset : span.offset)
    }

    private func span(_ index: Int, cycles: Int) -> ZoneSpan {
        let change = changes[index]
        let isLast = index == changes.count - 1
        // The first span has no beginning and the last one no end, so no cycle moves those.
        return ZoneSpan(
            start: index == 0 ? .min : change.start + cycles,
            end: isLast ? .max : changes[index + 1].start + cycles,
            offset: change.offset,
            previousOffset: index == 0 ? change.offset : changes[index - 1].offset,
            readUntil: index == 0 ? .min : change.readUntil + cycles)
    }

    /// How far back an instant at or past `horizon` is looked up: a multiple of the cycle, else 0.
    private static func cycles(from horizon: Int, to instant: Int) -> Int {
        instant < horizon || horizon == .max ? 0 : ((instant - horizon) / cycle + 1) * cycle
    }

    /// The index of the last change for which `holds` is true; it is true for a prefix that is never empty.
    @inline(__always)
    private static func lastIndex(in changes: [Change], where holds: (Change) -> Bool) -> Int {
        var low = 0
        var high = changes.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if holds(changes[middle]) { low = middle } else { high = middle }
        }
        return low
    }

    /// Seconds in 400 years.
    static let cycle = CivilDate.daysPerEra * Int.secondsPerDay

    private struct Change: Sendable, Hashable {
        let start: Int
        let offset: Int
        /// The end of the readings that earlier spans showed, exclusive.
        let readUntil: Int
    }
}

extension ZoneTable {
    /// A zone that follows a rule at all times.
    init(rule: POSIXTimeZone) {
        self.init(offset: rule.standardOffset, transitions: [], rule: rule, from: 1900)
    }

    /// A zone with recorded transitions up to some `year`, and a rule for the time after the last one.
    init(offset: Int, transitions: [(instant: Int, offset: Int)], rule: POSIXTimeZone, from year: Int) {
        let last = transitions.last?.instant ?? .min
        if rule.daylight == nil {
            // Mostly this is the last transition's offset, and then it adds no span.
            let settled = transitions.last.map { [($0.instant, rule.standardOffset)] } ?? []
            self.init(offset: transitions.isEmpty ? rule.standardOffset : offset, transitions: transitions + settled)
            return
        }
        // The year before matters for rules with a change around New Year. The years after the horizon matter for
        // readings and ends of spans beyond it.
        let ruled = rule.transitions(in: year - 1...year + 406).filter { $0.instant > last }
        let horizon = CivilDate(year: year + 402, month: 1, day: 1).dayNumber * .secondsPerDay
        self.init(offset: offset, transitions: transitions + ruled, horizon: horizon)
    }
}

/// A stretch of time in which a zone's offset does not change.
struct ZoneSpan {
    /// The first instant; `Int.min` for the zone's first span.
    let start: Int
    /// The instant at which the next span begins; `Int.max` when there is none.
    let end: Int
    /// Seconds east of UTC.
    let offset: Int
    /// The offset of the span before.
    let previousOffset: Int
    /// Readings before this one were shown in an earlier span; `Int.min` when there is none.
    let readUntil: Int

    /// What the clock shows when the span begins.
    var firstReading: Int { start == .min ? .min : start + offset }

    /// The readings that were skipped when this span began; empty unless the clock was set forward.
    var skippedReadings: Range<Int> {
        readUntil < firstReading && start != .min ? readUntil..<firstReading : firstReading..<firstReading
    }
}
