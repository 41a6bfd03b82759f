/// Bounds how many looks are made in a second.
///
/// Pure: it is told what time it is. Where there are more looks than may be made, they are made by the burst: in a pause Redis' memory
/// leaves the processor's caches, so that many in a row cost less each.
struct LookAllowance: Sendable {
    private let rate: Double
    /// The most looks that are made in a row, what may be made in 0.4 s.
    private let burst: Double

    private var left: Double
    private var since: Duration = .zero
    /// Whether there was no page when one was asked for the last time.
    private(set) var isSpent = false

    init(perSecond rate: Int) {
        self.rate = Double(rate)
        burst = self.rate * 0.4
        left = burst
    }

    /// How many may be made now.
    var count: Int { isSpent ? 0 : Int(left) }

    /// How long it takes until the next burst, once they are spent.
    var pause: Duration { .milliseconds(1) + .seconds(1) * max(0, (burst - left) / rate) }

    /// Whether a page of so many may be made now: fewer at a time would cost more each.
    mutating func hasPage(of count: Int, at monotonic: Duration) -> Bool {
        let passed = max(0, (monotonic - since) / .seconds(1))
        left = min(left + passed * rate, burst)
        since = monotonic
        isSpent = left < (isSpent ? burst : Double(count))
        return !isSpent
    }

    mutating func used(_ count: Int) {
        left -= Double(count)
    }
}
