/// Something that only an event loop's thread may touch, in a box that any thread may hold and pass on.
///
/// The bridge's objects have no locks, because all that changes them runs on one thread: actors on the loop, C
/// callbacks, timers. A handler for cancellation or a `deinit` runs on any thread, so it gets the box and reaches the
/// object by `run`.
///
/// `@unchecked Sendable`: the value is reached through `value` alone, which checks the thread, in release builds too: a
/// comparison with a thread-local pointer.
struct LoopBound<Value>: @unchecked Sendable {
    let eventLoop: RedisEventLoop
    private let unchecked: Value

    init(_ value: Value, on eventLoop: RedisEventLoop) {
        unchecked = value
        self.eventLoop = eventLoop
    }

    /// The value.
    ///
    /// Loop thread only; anywhere else the program stops.
    var value: Value {
        eventLoop.checkIsolated()
        return unchecked
    }

    /// Runs `work` on the loop's thread: at once when the caller is on it, otherwise in its turn.
    func run(_ work: @escaping @Sendable (Value) -> Void) {
        eventLoop.execute { work(value) }
    }
}
