/// The offsets of one zone over time, as spans of constant offset, ready for binary search.
///
/// An *instant* is a Unix time, a *reading* what the zone's clock shows then: instant plus offset, counted in seconds
/// as if it were UTC. Every instant has one reading; a reading may come twice (the clock was set back) or never (it was
/// set forward).
///
/// A zone whose rule goes on for ever is laid down for one turn of the calendar (400 years) past its recorded
/// transitions; later instants are looked up whole turns earlier, which is exact because the rule repeats with the
/// calendar.
struct ZoneTable: Sendable, Hashable {
    private var changes: [Change]
    /// Instants from here on are looked up whole turns of the calendar earlier.
    private let horizon: Int

    /// - Parameters:
    ///   - offset: The offset, in seconds east of UTC, before the first transition.
    ///   - transitions: Instants in rising order, with the offset that begins at each.
    ///   - horizon: Where the turns begin; the transitions cover one whole turn before it and some years after it.
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
        let turn = Self.turns(from: horizon, to: instant)
        return span(Self.lastIndex(in: changes) { $0.start <= instant - turn }, turn: turn)
    }

    /// The instant at which the clock first shows a reading; a reading that the clock skips stands for the instant as
    /// far past the jump (RQ's rule: the time moves by the gap).
    func firstInstant(showing reading: Int) -> Int {
        let turn = Self.turns(from: horizon, to: reading)
        let span = span(Self.lastIndex(in: changes) { $0.readUntil <= reading - turn }, turn: turn)
        return reading - (reading < span.firstReading ? span.previousOffset : span.offset)
    }

    private func span(_ index: Int, turn: Int) -> ZoneSpan {
        let change = changes[index]
        let isLast = index == changes.count - 1
        // The first span has no beginning and the last no end: no turn moves those.
        return ZoneSpan(
            start: index == 0 ? .min : change.start + turn,
            end: isLast ? .max : changes[index + 1].start + turn,
            offset: change.offset,
            previousOffset: index == 0 ? change.offset : changes[index - 1].offset,
            readUntil: index == 0 ? .min : change.readUntil + turn)
    }

    /// How far back an instant at or past `horizon` is looked up: a multiple of the calendar's turn, else 0.
    private static func turns(from horizon: Int, to instant: Int) -> Int {
        instant < horizon || horizon == .max ? 0 : ((instant - horizon) / turn + 1) * turn
    }

    /// The index of the last change for which `holds`; it holds for a prefix that is never empty.
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
    static let turn = CivilDate.daysPerEra * Int.secondsPerDay

    private struct Change: Sendable, Hashable {
        let start: Int
        let offset: Int
        /// The latest reading that an earlier span came to, exclusive.
        let readUntil: Int
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
    /// Readings before this one were shown in an earlier span already; `Int.min` when there is none.
    let readUntil: Int

    /// What the clock shows when the span begins.
    var firstReading: Int { start == .min ? .min : start + offset }

    /// The readings that were skipped when this span began; empty unless the clock was set forward.
    var skippedReadings: Range<Int> {
        readUntil < firstReading && start != .min ? readUntil..<firstReading : firstReading..<firstReading
    }
}
