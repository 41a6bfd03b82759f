public import Testing

/// What a test waited for did not come in time.
public struct TimedOut: Error, CustomStringConvertible {
    /// What was waited for, in the words of who waited.
    public let waitingFor: String
    /// The bound that was passed.
    public let limit: Duration
    /// Where the wait was written.
    public let sourceLocation: SourceLocation

    /// Describes a wait for `waitingFor` that took longer than `limit`.
    public init(waitingFor: String, limit: Duration, sourceLocation: SourceLocation) {
        self.waitingFor = waitingFor
        self.limit = limit
        self.sourceLocation = sourceLocation
    }

    /// One sentence with the place of the wait.
    public var description: String {
        "waited \(limit) for \(waitingFor) in vain (\(sourceLocation.fileID):\(sourceLocation.line))"
    }
}
