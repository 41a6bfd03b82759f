public import Testing

/// Holds tasks back while it is closed: what a test puts in the way to force an interleaving.
public final class Gate: Sendable {
    /// What the gate holds back, named in the error of a wait in vain.
    public let name: String
    private let state: Observed<State>

    private struct State: Sendable {
        var isOpen: Bool
        var arrivals = 0
    }

    /// A gate that starts closed unless told otherwise.
    public init(_ name: String = "a gate", isOpen: Bool = false) {
        self.name = name
        state = Observed(State(isOpen: isOpen))
    }

    /// Lets everybody through, those who wait and those who come.
    public func open() {
        state.update { $0.isOpen = true }
    }

    /// Holds back who comes from now on.
    public func close() {
        state.update { $0.isOpen = false }
    }

    /// Called by the held-back side: announces itself and waits until the gate is open.
    ///
    /// - Throws: ``TimedOut`` after `limit`, `CancellationError` when the task is cancelled.
    public func pass(
        within limit: Duration = .seconds(45), sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        state.update { $0.arrivals += 1 }
        try await state.wait(for: "\(name) to open", within: limit, sourceLocation: sourceLocation) {
            $0.isOpen ? () : nil
        }
    }

    /// Called by the test: waits until `count` calls of ``pass(within:sourceLocation:)`` have come, held back or not.
    ///
    /// - Throws: ``TimedOut`` after `limit`, `CancellationError` when the task is cancelled.
    public func arrival(
        _ count: Int = 1, within limit: Duration = .seconds(45), sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await state.wait(for: "\(count) to reach \(name)", within: limit, sourceLocation: sourceLocation) {
            $0.arrivals >= count ? () : nil
        }
    }
}
