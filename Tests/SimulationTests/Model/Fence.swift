/// The guards of the scripts, each of which can be taken out of the model to see that the simulation notices.
enum Fence: String, CaseIterable, Sendable {
    /// Only the holder of the lock changes anything.
    case lock
    /// The index score is still the one that was read.
    case once
    /// The definition is still the one that was read.
    case fresh
    /// A tick writes the two time fields and nothing else.
    case onlyOurs
    /// A job that exists is not queued again.
    case jobExists
}
