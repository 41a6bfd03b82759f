public import Testing

/// Asks again and again until `condition` holds.
///
/// For state of another process (Redis, a Python worker) that cannot call us back. Inside one process use ``Latch``, ``Gate`` or ``Observed``.
///
/// - Parameters:
///   - what: What is waited for, named in the error.
///   - limit: How long to ask, 45 s by default: all tests of a target run at once.
///   - condition: Asked at once, then every 5 ms.
/// - Throws: ``TimedOut`` after `limit`, `CancellationError`, and what `condition` throws.
public func eventually(
    _ what: String,
    within limit: Duration = .seconds(45),
    sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else {
            throw TimedOut(waitingFor: what, limit: limit, sourceLocation: sourceLocation)
        }
        try await Task.sleep(for: .milliseconds(5))
    }
}
