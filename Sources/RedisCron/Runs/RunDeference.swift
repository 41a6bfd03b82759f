/// Whether the keeper of runs stands back for the tick.
///
/// Pure: it is told what time it is. A burst is over the sooner, the less Redis has to do beside it, and all that the keeper reads and
/// writes can wait. It must not wait for ever, since a tick may be at work without an end. So it waits as long as it may: what becomes of
/// a run is known within the time in which looks come round to all open ones (``RunWatch/looksPerSecond``), and half of that is left for
/// the looks.
struct RunDeference: Sendable {
    /// How long it stands back at least: a run is looked at 2.5 s after it was queued, and its end known within 3 s.
    static let shortest: Duration = .milliseconds(500)
    /// With more entries in the log it goes on, whatever the tick does: scripts drop the oldest of 10,000.
    static let mostLogEntries = 5_000

    /// When it began to stand back.
    private var since: Duration?

    /// Whether nothing is to be done now.
    ///
    /// - Parameters:
    ///   - isBusy: Whether the tick is at work.
    ///   - runs: How many runs are open or in the log, as far as is known.
    ///   - entries: How many entries the log has, as far as is known.
    ///   - monotonic: The time, on the monotonic clock.
    mutating func standsBack(
        whileBusy isBusy: Bool, runs: Int, logEntries entries: Int, at monotonic: Duration
    ) -> Bool {
        guard isBusy else {
            since = nil
            return false
        }
        let began = since ?? monotonic
        since = began
        let rounds = Duration.milliseconds(500 * runs / RunWatch.looksPerSecond)
        return entries < Self.mostLogEntries && monotonic - began < max(Self.shortest, rounds)
    }
}
