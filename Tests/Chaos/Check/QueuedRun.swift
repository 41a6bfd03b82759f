/// A run that was queued, for the figures of the report.
package struct QueuedRun: Sendable, Hashable {
    package let definition: String
    package let planned: WireTime
    /// When it was due: as planned, or when the definition was last written or was to be looked at if that came later, as when
    /// it is switched on, has jitter or waits for an earlier run.
    package let due: WireTime
    /// When the scheduler queued it, by its own clock.
    package let queued: WireTime

    package init(
        definition: String, planned: WireTime, written: WireTime? = nil, score: WireTime? = nil, queued: WireTime
    ) {
        self.definition = definition
        self.planned = planned
        due = max(planned, written ?? planned, score ?? planned)
        self.queued = queued
    }

    /// How many seconds after it was due it was queued.
    package var lateness: Double { queued.seconds(since: due) }
}
