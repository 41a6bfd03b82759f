/// Spreads jobs over time: so many a second, and no more.
///
/// Pure. Jobs take their places one behind the other, each as long as a second divided by the rate, so a batch goes when the one
/// before it is through. A tick takes places in the order of its batches, and several ticks share one pace. A backfill has one of
/// its own.
struct Pace: Sendable {
    /// How long a place is.
    private let length: Duration
    /// When the next place is free.
    private var free = Duration.zero
    private var heldSince: Duration?

    /// - Parameter rate: Jobs a second, more than 0.
    init(rate: Double) {
        // A day apart is slow enough for anybody, and fits into any clock.
        length = .seconds(min(1 / rate, 86_400))
    }

    /// How many jobs go at once: those of a tenth of a second, so that a batch does not wait for long once it is decided.
    static func batchSize(rate: Int, atMost most: Int) -> Int { max(1, min(most, rate / 10)) }

    /// Takes places.
    ///
    /// - Returns: When these jobs may be queued; the present where nothing holds them back.
    mutating func take(_ count: Int, at now: Duration) -> Duration {
        let start = max(free, now)
        free = start + length * count
        heldSince = start > now ? heldSince ?? now : nil
        return start
    }

    /// Gives back the places of entries that led to no job.
    mutating func giveBack(_ count: Int) {
        free -= length * count
    }

    /// Nothing is left that could be held back.
    mutating func rest() {
        heldSince = nil
    }

    /// For how long jobs have been held back without a pause.
    func heldBack(at now: Duration) -> Duration {
        heldSince.map { max(.zero, now - $0) } ?? .zero
    }
}
