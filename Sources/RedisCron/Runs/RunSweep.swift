import RQWire

/// How far it has come to look through all definitions of which runs are kept, for those that are gone.
///
/// Pure: it is told what time it is. A sweep goes through the definitions whose runs are followed, and then through those of which the
/// store has records. It begins at the start, each hour, and when deletions may have been missed.
struct RunSweep: Sendable {
    /// How long after the end of one the next sweep begins.
    static let interval: Duration = .seconds(3600)

    /// Whether one is to begin as soon as none is under way: then a channel that is cut again and again keeps none from its end.
    private var isWanted = true
    private var endedAt: Duration = .zero
    /// Definitions whose runs are followed, and that have yet to be looked at.
    private var followed: [DefinitionID] = []
    /// Where the store goes on; `nil` between two sweeps.
    private(set) var cursor: Int?

    /// Whether there is something to do, as far as is known without a clock.
    var isUnderWay: Bool { isWanted || cursor != nil || !followed.isEmpty }

    /// Has another one begin, after that which is under way.
    mutating func want() {
        isWanted = true
    }

    /// Begins one if it is time for it.
    mutating func beginIfDue(at monotonic: Duration, following definitions: @autoclosure () -> [DefinitionID]) {
        guard cursor == nil, followed.isEmpty, isWanted || monotonic - endedAt >= Self.interval else { return }
        (isWanted, followed, cursor) = (false, definitions(), 0)
    }

    /// Some of the definitions whose runs are followed; empty when all were looked at.
    func page(of size: Int) -> [DefinitionID] { Array(followed.suffix(size)) }

    /// Takes in that the last page was looked at.
    mutating func looked(at page: [DefinitionID]) {
        followed.removeLast(page.count)
    }

    /// Takes in where the store goes on; 0 at its end.
    mutating func reached(_ next: Int, at monotonic: Duration) {
        cursor = next
        guard next == 0 else { return }
        (cursor, endedAt) = (nil, monotonic)
    }
}
