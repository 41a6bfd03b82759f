/// What happened to a definition, as it is announced on the events channel.
public enum CronEvent: String, Sendable, Hashable, CaseIterable {
    /// It was written for the first time.
    case created
    /// It was edited.
    case updated
    /// It was switched on.
    case enabled
    /// It was switched off.
    case disabled
    /// It was removed.
    case deleted
}
