/// A value behind a lock, for what several threads touch.
///
/// `@unchecked Sendable`: the value is reached through `withLock` alone.
package final class Guarded<Value>: @unchecked Sendable {
    private let mutex = PthreadMutex()
    private var value: Value

    package init(_ value: sending Value) {
        self.value = value
    }

    /// Lends the value to `body`, which must be short and must not call out: other threads wait for it.
    package func withLock<Result, Failure>(_ body: (inout Value) throws(Failure) -> Result) throws(Failure) -> Result {
        try mutex.withLock { () throws(Failure) in try body(&value) }
    }
}
