/// Notices that Redis lost its definitions.
///
/// Pure. There are two signs of it. Every write of a definition sets the update marker, a deletion too. So when the index was
/// full and the marker set, and both are gone, nobody who deletes definitions did that. And a leader publishes its zone, which
/// nobody removes. So a zone that is gone when the lock is taken again went with everything else, even if others have
/// written definitions since then.
struct LossWatch: Sendable {
    /// Whether the last look found entries in the index, and a marker beside them.
    private var held = false
    /// Whether our zone was published, and whether the last loss was told since then.
    private var hasPublished = false
    private var isTold = false
    /// Whether the zone was gone, and ours has not been published in its place yet.
    private var isPending = false

    /// Takes note of a look at the index.
    ///
    /// - Returns: Whether everything that the last look had found is gone. Said once for each loss.
    mutating func looked(isEmpty: Bool, hasMarker: Bool) -> Bool {
        let wasHeld = held
        // An index that somebody emptied was not lost, whatever happens to its marker afterwards. Entries without a marker
        // were written by something that sets none, so their end would prove nothing.
        held = !isEmpty && hasMarker
        let isLoss = wasHeld && isEmpty && !hasMarker
        if isLoss { isTold = true }
        return isLoss
    }

    /// Takes note of whether a zone is published, asked with the lock in hand and before ours is.
    mutating func tookLock(findingZone: Bool) {
        if hasPublished, !findingZone, !isTold { isPending = true }
    }

    /// Takes note of our zone being published.
    ///
    /// - Returns: Whether Redis lost everything before that, and nobody has been told. Said once for each loss.
    mutating func published() -> Bool {
        hasPublished = true
        isTold = false
        guard isPending else { return false }
        isPending = false
        // What the last look had found is what was lost.
        held = false
        return true
    }
}
