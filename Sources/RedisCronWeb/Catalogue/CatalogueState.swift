/// How a definition is doing: one word for each, the first that fits.
enum CatalogueState: String, Sendable, Hashable, CaseIterable {
    /// It cannot be read, or makes no sense: it never runs.
    case invalid
    /// It has reached its end or its limit.
    case finished
    /// Somebody paused it, or it paused itself after failures, until somebody resumes it.
    case paused
    /// It is paused until a time.
    case snoozed
    /// It is switched off without a pause.
    case disabled
    /// Its run has been due for more than five seconds.
    case overdue
    /// Its last run failed, expired or was lost.
    case failing
    /// It goes on as planned.
    case running
}

/// By what a listing is sorted; where two are equal, by id.
enum CatalogueSort: String, Sendable, Hashable, CaseIterable {
    case id, state, function, queue, schedule, source, next, last, outcome, duration
}
