/// Spreads jobs over time: so many a second, and no more.
///
/// Pure. Jobs take their places one behind the other, each as long as a second divided by the rate, so a batch goes when the one
/// before it is through. A tick takes places in the order of its batches, and several ticks share one pace.
struct Pace: Sendable {
    /// Jobs a second.
    let rate: Int
    /// When the next place is free.
    private var free = Duration.zero
    private var heldSince: Duration?

    init(rate: Int) {
        self.rate = rate
    }

    /// How many jobs go at once: those of a tenth of a second, so that a batch does not wait for long once it is decided.
    static func batchSize(rate: Int, atMost most: Int) -> Int { max(1, min(most, rate / 10)) }

    /// Takes places.
    ///
    /// - Returns: When these jobs may be queued; the present where nothing holds them back.
    mutating func take(_ count: Int, at now: Duration) -> Duration {
        let start = max(free, now)
        free = start + length(of: count)
        heldSince = start > now ? heldSince ?? now : nil
        return start
    }

    /// Gives back the places of entries that led to no job.
    mutating func giveBack(_ count: Int) {
        free -= length(of: count)
    }

    /// Nothing is left that could be held back.
    mutating func rest() {
        heldSince = nil
    }

    /// For how long jobs have been held back without a pause.
    func heldBack(at now: Duration) -> Duration {
        heldSince.map { max(.zero, now - $0) } ?? .zero
    }

    private func length(of count: Int) -> Duration { .seconds(1) * count / rate }
}
