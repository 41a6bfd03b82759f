import CRedisLink

/// A libev loop on a thread of its own, as an executor: actors that share one share its thread, so they call each
/// other, hiredis and the timers without a thread hop.
///
/// One turn of the loop waits for sockets and alarms, dispatches them, runs up to 256 queued jobs, and writes what they
/// sent: one write a socket, however many commands.
///
/// The thread ends with the last reference. When that is dropped on another thread, `deinit` joins the loop's thread;
/// when it is dropped on the loop's own, the thread ends by itself. What is queued keeps the loop alive until it ran.
///
/// Jobs on the loop must not block: everything on it waits for them.
public final class RedisEventLoop: SerialExecutor, TaskExecutor {
    let core: EventLoopCore

    /// Starts a loop.
    ///
    /// - Parameter name: the thread's name as debuggers and `top -H` show it, at most 15 bytes of it.
    /// - Throws: `.system` when there is no thread or no file descriptor to be had.
    public init(name: String = "redis-loop") throws(RedisError) {
        core = EventLoopCore()
        try core.start(threadName: name)
    }

    deinit {
        core.end()
    }

    /// Whether the caller runs on the loop's thread.
    public var isCurrent: Bool { core.isCurrent }

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

    /// Stops the program unless the caller runs on the loop's thread: what `assumeIsolated` relies on.
    public func checkIsolated() {
        precondition(core.isCurrent, "not on the thread of this event loop")
    }

    /// Whether the caller runs on the loop's thread.
    public func isIsolatingCurrentContext() -> Bool? {
        core.isCurrent
    }

    /// Runs `work` on the loop's thread: at once when the caller is on it, else in its turn.
    func execute(_ work: @escaping @Sendable () -> Void) {
        if core.isCurrent {
            work()
        } else {
            append(.work(work))
        }
    }

    private func append(_ entry: LoopEntry) {
        // The entry may run at once and let go of the last other reference: the loop must outlive the wake-up.
        withExtendedLifetime(self) {
            if core.queue.append(entry, keeping: self, onLoopThread: core.isCurrent) {
                core.wake()
            }
        }
    }
}
