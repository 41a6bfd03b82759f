/// Something to run on the loop's thread.
enum LoopEntry {
    /// A job of the concurrency runtime.
    case job(UnownedJob)
    /// A piece of the bridge's own work.
    case work(@Sendable () -> Void)
}

/// What waits to be run on an event loop's thread, in the order in which it came, from any thread.
///
/// `@unchecked Sendable`: `incoming`, `hasSignalled` and `keeper` are only touched under the lock; `batch`, `position`
/// and `executor` only by the loop's thread.
final class JobQueue: @unchecked Sendable {
    private let mutex = PthreadMutex()
    private var incoming: [LoopEntry] = []
    private var hasSignalled = false
    /// Keeps the executor alive while entries wait: its last other reference may be dropped right after it took a job.
    private var keeper: RedisEventLoop?

    private var batch: [LoopEntry] = []
    private var position = 0
    /// Whose jobs `batch` holds.
    ///
    /// Loop thread only.
    private(set) var executor: RedisEventLoop?

    /// Appends an entry; true when the loop must be woken for it.
    ///
    /// The loop's own thread looks at the queue before it waits, so only another thread has to wake it, and only
    /// once until the loop has taken the entries.
    func append(_ entry: LoopEntry, keeping executor: RedisEventLoop, onLoopThread: Bool) -> Bool {
        mutex.withLock {
            if keeper == nil {
                keeper = executor
            }
            incoming.append(entry)
            guard !onLoopThread, !hasSignalled else { return false }
            hasSignalled = true
            return true
        }
    }

    /// Whether nothing waits.
    ///
    /// Loop thread only.
    var isEmpty: Bool {
        position == batch.count && mutex.withLock { incoming.isEmpty }
    }

    /// The next entry, or `nil`.
    ///
    /// Loop thread only.
    func next() -> LoopEntry? {
        if position == batch.count {
            takeIncoming()
        }
        guard position < batch.count else { return nil }
        defer { position += 1 }
        return batch[position]
    }

    private func takeIncoming() {
        batch.removeAll(keepingCapacity: batch.capacity <= 4096)
        position = 0
        mutex.withLock {
            swap(&incoming, &batch)
            hasSignalled = false
            if let keeper {
                executor = keeper
            }
            keeper = nil
        }
    }

    /// Once `next()` has returned `nil`: gives up the executor, which may end the loop.
    ///
    /// Loop thread only, as the last thing that a turn does with its queue.
    func releaseExecutor() {
        executor = nil
    }
}
