public import Testing

/// Opens once, after `count` arrivals, and stays open: "this has happened" between a test and what it tests.
public final class Latch: Sendable {
    /// What the latch stands for, named in the error of a wait in vain.
    public let name: String
    private let remaining: Observed<Int>

    /// A latch that opens at the `count`-th ``arrive()``.
    public init(_ name: String = "a latch", count: Int = 1) {
        self.name = name
        remaining = Observed(count)
    }

    /// Counts one arrival; those after the last needed one change nothing.
    public func arrive() {
        remaining.update { $0 = max(0, $0 - 1) }
    }

    /// Whether all arrivals have been counted.
    public var isOpen: Bool { remaining.current == 0 }

    /// Waits until the latch is open.
    ///
    /// - Throws: ``TimedOut`` after `limit`, `CancellationError` when the task is cancelled.
    public func wait(
        within limit: Duration = .seconds(45), sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await remaining.wait(for: name, within: limit, sourceLocation: sourceLocation) { $0 == 0 ? () : nil }
    }
}
