/// Decides when an announcement ends the sleep.
///
/// Pure. A lone announcement wakes the loop at once. In a storm the wake-ups are spaced, so that a hundred thousand edits cost
/// a few hundred ticks; the last edit is seen within one spacing.
struct WakeTimer: Sendable {
    /// What an announcement leads to.
    enum Decision: Sendable, Hashable {
        case wakeNow
        case wakeAfter(Duration)
        /// A wake-up is due that covers this announcement too.
        case wakeIsComing
    }

    /// The stretch of time in which announcements are counted.
    static let window: Duration = .milliseconds(100)
    /// More announcements than this in a window are a storm.
    static let stormThreshold = 64
    /// How far apart wake-ups are in a storm.
    static let spacing: Duration = .milliseconds(100)

    private var isPending = false
    private var isDelayed = false
    private var windowBegan: Duration = .zero
    private var countInWindow = 0
    private var countBefore = 0

    /// Takes note of a wake-up: if nobody sleeps, it is for the next sleep.
    mutating func fire() {
        isPending = true
    }

    /// Whether a wake-up came since the last sleep; this consumes it.
    mutating func takePending() -> Bool {
        defer { isPending = false }
        return isPending
    }

    /// Something was announced.
    mutating func announced(at now: Duration) -> Decision {
        if now - windowBegan >= Self.window {
            countBefore = now - windowBegan < Self.window * 2 ? countInWindow : 0
            countInWindow = 0
            windowBegan = now
        }
        countInWindow += 1
        if isDelayed { return .wakeIsComing }
        guard max(countInWindow, countBefore) > Self.stormThreshold else { return .wakeNow }
        isDelayed = true
        return .wakeAfter(Self.spacing)
    }

    /// The delayed wake-up came.
    mutating func delayedWakeFired() {
        isDelayed = false
    }
}
