/// How many batches may be under way at the same time.
///
/// Pure. Redis executes one batch after the other, and what lies behind a batch in its buffer before it answers anybody. With two
/// under way a neighbour waits for the batch that is executed and for the next one. A third would be executed together with the
/// second. Two keep a server busy that is near. One more is allowed for each half of a millisecond that an answer is on its way.
/// And where the server ran out of work, because this side was late, all that are allowed go out for a while.
struct BatchWindow: Sendable {
    /// About half of what a batch takes.
    private static let step: Duration = .microseconds(500)
    /// Batches that are sent after the server ran dry, before it is tried with fewer again.
    private static let recovery = 32

    /// The most batches that may be under way.
    let most: Int
    private let usual: Int
    private var generous = 0

    /// - Parameters:
    ///   - most: The most batches that may be under way, at least 1.
    ///   - distance: How long an answer takes that needs no work; `nil` if nothing was answered yet.
    init(most: Int, distance: Duration?) {
        self.most = most
        usual = distance.map { min(most, 2 + Int(min($0 / Self.step, 1000))) } ?? most
    }

    /// How many may be under way now.
    var size: Int { generous > 0 ? most : usual }

    /// A batch is sent.
    ///
    /// - Parameter isDry: Whether the server had nothing to do since the one before it was answered.
    mutating func sends(afterRunningDry isDry: Bool) {
        generous = isDry ? Self.recovery : max(0, generous - 1)
    }
}
