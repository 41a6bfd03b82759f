import Foundation
public import Testing

/// A value shared between tasks and threads that a test can wait on: the one place of this library where a
/// task is suspended and resumed by hand.
///
/// The lock is an `NSLock`, which ThreadSanitizer understands; `Synchronization.Mutex` makes it report false races.
public final class Observed<State: Sendable>: @unchecked Sendable {
    // Unchecked: `state` and `waiters` are only touched with `lock` held.
    private let lock = NSLock()
    private var state: State
    private var waiters: [UInt64: Waiter] = [:]
    private var lastIdentity: UInt64 = 0

    private struct Waiter {
        /// Returns what resumes the waiting task when the state is the one it waits for.
        let match: (State) -> (() -> Void)?
        let fail: (any Error) -> Void
    }

    /// Starts with `state`.
    public init(_ state: State) {
        self.state = state
    }

    /// The state now.
    public var current: State { lock.withLock { state } }

    /// Changes the state under the lock, then wakes who waited for it.
    @discardableResult
    public func update<Result>(_ change: (inout State) throws -> Result) rethrows -> Result {
        lock.lock()
        var resumptions: [() -> Void] = []
        defer {
            lock.unlock()
            for resume in resumptions { resume() }
        }
        let result = try change(&state)
        for (identity, waiter) in waiters {
            guard let resume = waiter.match(state) else { continue }
            waiters[identity] = nil
            resumptions.append(resume)
        }
        return result
    }

    /// Waits until `pick` finds what it wants in the state, and returns that.
    ///
    /// - Throws: ``TimedOut`` when `limit` has passed, `CancellationError` when the task is cancelled.
    public func wait<Value: Sendable>(
        for what: String,
        within limit: Duration = .seconds(45),
        sourceLocation: SourceLocation = #_sourceLocation,
        until pick: @escaping @Sendable (State) -> Value?
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await self.first(pick) }
            group.addTask {
                try await Task.sleep(for: limit)
                throw TimedOut(waitingFor: what, limit: limit, sourceLocation: sourceLocation)
            }
            for try await value in group { return value }
            throw CancellationError()
        }
    }

    private func first<Value: Sendable>(_ pick: @escaping @Sendable (State) -> Value?) async throws -> Value {
        let identity = lock.withLock {
            lastIdentity += 1
            return lastIdentity
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                enlist(identity, continuation, pick)
            }
        } onCancel: {
            let waiter = lock.withLock { waiters.removeValue(forKey: identity) }
            waiter?.fail(CancellationError())
        }
    }

    private func enlist<Value: Sendable>(
        _ identity: UInt64,
        _ continuation: CheckedContinuation<Value, any Error>,
        _ pick: @escaping @Sendable (State) -> Value?
    ) {
        let resume: (() -> Void)? = lock.withLock {
            if let value = pick(state) { return { continuation.resume(returning: value) } }
            // The handler of a cancellation that came first has run and found nobody.
            if Task.isCancelled { return { continuation.resume(throwing: CancellationError()) } }
            waiters[identity] = Waiter(
                match: { state in pick(state).map { value in { continuation.resume(returning: value) } } },
                fail: { continuation.resume(throwing: $0) })
            return nil
        }
        resume?()
    }
}
