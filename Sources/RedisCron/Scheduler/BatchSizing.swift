/// How many due entries go into the next batch: as many as are allowed, and fewer after a failure.
///
/// Pure. Definitions that are too large to be read or queued in the time that a command has would fail together for ever.
/// Fewer at a time get through, as long as each alone does; and when it was something else that failed, a few
/// batches later all is as it was.
struct BatchSizing: Sendable {
    /// As many as are allowed.
    let most: Int
    /// The size of the next batch, at least 1.
    private(set) var size: Int

    init(most: Int) {
        self.most = most
        size = most
    }

    /// A batch got no answer, or an error.
    mutating func batchFailed() {
        size = max(1, size / 16)
    }

    /// A batch got its answer.
    mutating func batchSucceeded() {
        size = min(most, size * 2)
    }
}
