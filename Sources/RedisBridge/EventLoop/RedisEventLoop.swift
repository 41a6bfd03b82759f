import CRedisLink

/// A libev loop on a thread of its own, as an executor: actors that share one share its thread, so they call each
/// other, hiredis and the timers without a thread hop.
///
/// One turn of the loop waits for sockets and timers, dispatches them, runs up to 256 queued jobs, and writes what they
/// sent: one write per socket, however many commands.
///
/// The thread ends with the last reference. When that is dropped on another thread, `deinit` joins the loop's thread;
/// when it is dropped on the loop's own, the thread ends by itself. Whatever is queued keeps the loop alive until it
/// ran.
///
/// Jobs on the loop must not block: everything on it waits for them.
public final class RedisEventLoop: SerialExecutor, TaskExecutor {
    let core: EventLoopCore

    /// Starts a loop.
    ///
    /// - Throws: when the system has no thread or no file descriptor left.
    public convenience init() throws {
        try self.init(name: "redis-loop")
    }

    /// Starts a loop.
    ///
    /// - Parameter name: the thread's name as debuggers and `top -H` show it, at most 15 bytes of it.
    /// - Throws: `.system` when there is no thread or no file descriptor left.
    package init(name: String) throws(RedisError) {
        core = EventLoopCore()
        try core.start(threadName: name)
    }

    deinit {
        core.end()
    }

    /// Whether the caller runs on the loop's thread.
    package var isCurrent: Bool { core.isCurrent }

    /// Queues a job.
    ///
    /// Any thread; jobs run in the order of their queuing.
    public func enqueue(_ job: consuming ExecutorJob) {
        append(.job(UnownedJob(job)))
    }

    /// The loop as an actor's executor.
    public func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        UnownedSerialExecutor(ordinary: self)
    }

    /// The loop as a task's preferred executor.
    public func asUnownedTaskExecutor() -> UnownedTaskExecutor {
        UnownedTaskExecutor(ordinary: self)
    }

    /// Stops the program unless the caller runs on the loop's thread: `assumeIsolated` relies on it.
    public func checkIsolated() {
        precondition(core.isCurrent, "not on the thread of this event loop")
    }

    /// Whether the caller runs on the loop's thread.
    public func isIsolatingCurrentContext() -> Bool? {
        core.isCurrent
    }

    /// Runs `work` on the loop's thread: at once when the caller is on it, otherwise in its turn.
    func execute(_ work: @escaping @Sendable () -> Void) {
        if core.isCurrent {
            work()
        } else {
            append(.work(work))
        }
    }

    private func append(_ entry: LoopEntry) {
        // The entry may run at once and release the last other reference: the loop must outlive the wake-up.
        withExtendedLifetime(self) {
            if core.queue.append(entry, keeping: self, onLoopThread: core.isCurrent) {
                core.wake()
            }
        }
    }
}

// MARK: Clocks

extension RedisEventLoop {
    /// Nanoseconds of the monotonic clock, for time-outs.
    ///
    /// Any thread.
    static var monotonicNanoseconds: Int64 { event_loop_now(EVENT_LOOP_MONOTONIC) }

    /// The monotonic clock's time after a duration from now, in nanoseconds.
    static func deadline(after duration: Duration) -> Int64 {
        monotonicNanoseconds.addingClamped(duration.nanosecondsClamped)
    }

    /// The wall clock, in microseconds since 1970 UTC, rounded down.
    ///
    /// Any thread.
    package static var wallClockMicroseconds: Int64 {
        let nanoseconds = event_loop_now(EVENT_LOOP_WALL)
        return nanoseconds / 1000 - (nanoseconds % 1000 < 0 ? 1 : 0)
    }

    /// Suspends for a duration of the monotonic clock, which no step of the wall clock changes.
    ///
    /// Never returns early. Late by some 50 µs on an idle machine, plus the time that the loop's jobs take. A duration
    /// of zero or less returns in the loop's next turn.
    ///
    /// - Throws: `CancellationError`, at once, when the task is cancelled, or was before.
    package func sleep(for duration: Duration) async throws {
        try await sleep(until: Self.deadline(after: max(.zero, duration)), orWallClock: nil)
    }

    /// Suspends until the wall clock shows a time, in microseconds since 1970 UTC, as libev's `ev_periodic` does: when
    /// the clock is stepped, or the machine was suspended, the sleep ends by the new time.
    ///
    /// Never returns while the clock shows an earlier time, unless `limit` has passed by the monotonic clock. A time in
    /// the past returns in the loop's next turn.
    ///
    /// - Throws: `CancellationError`, at once, when the task is cancelled, or was before.
    package func sleep(untilWallClockMicroseconds microseconds: Int64, atMost limit: Duration? = nil) async throws {
        let (nanoseconds, overflow) = microseconds.multipliedReportingOverflow(by: 1000)
        try await sleep(
            until: limit.map { Self.deadline(after: max(.zero, $0)) } ?? .max,
            orWallClock: overflow ? (microseconds < 0 ? .min : .max) : nanoseconds)
    }

    private func sleep(until deadline: Int64, orWallClock wallClock: Int64?) async throws {
        do {
            let promise = OneShotPromise<Void>(on: self)
            try await promise.wait(until: deadline, orWallClock: wallClock, otherwise: .success(()))
        } catch {
            // Nobody else can fail it.
            throw CancellationError()
        }
    }
}

extension Int64 {
    func addingClamped(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }
}

extension Duration {
    /// Whole and fractional seconds, for messages: `0.25 s`.
    var secondsText: String {
        let (seconds, attoseconds) = components
        let value = Double(seconds) + Double(attoseconds) / 1e18
        return value == value.rounded() ? "\(seconds) s" : "\(value) s"
    }

    /// Nanoseconds, clamped to what 64 bits hold.
    var nanosecondsClamped: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? (seconds < 0 ? .min : .max) : scaled.addingClamped(attoseconds / 1_000_000_000)
    }
}
