/// Something to run on the loop's thread.
enum LoopEntry {
    /// A job of the concurrency runtime.
    case job(UnownedJob)
    /// A piece of the bridge's own work.
    case work(@Sendable () -> Void)
}

/// The entries that wait to run on an event loop's thread, in the order in which any thread appended them.
///
/// `@unchecked Sendable`: only the loop's thread touches `batch`, `position` and `executor`; the rest is `Guarded`.
final class JobQueue: @unchecked Sendable {
    /// What other threads append to.
    private struct Inbox {
        var entries: [LoopEntry] = []
        var hasSignalled = false
        /// Keeps the executor alive while entries wait: its last other reference may be dropped right after it took a
        /// job.
        var keeper: RedisEventLoop?
    }

    private let inbox = Guarded(Inbox())
    private var batch: [LoopEntry] = []
    private var position = 0
    /// The loop whose jobs `batch` holds.
    ///
    /// Loop thread only.
    private(set) var executor: RedisEventLoop?

    /// Appends an entry; true when the loop must be woken for it.
    ///
    /// The loop's own thread looks at the queue before it waits, so only another thread has to wake it, and only once
    /// until the loop has taken the entries.
    func append(_ entry: LoopEntry, keeping executor: RedisEventLoop, onLoopThread: Bool) -> Bool {
        inbox.withLock { inbox in
            if inbox.keeper == nil {
                inbox.keeper = executor
            }
            inbox.entries.append(entry)
            guard !onLoopThread, !inbox.hasSignalled else { return false }
            inbox.hasSignalled = true
            return true
        }
    }

    /// Whether no entry waits.
    ///
    /// Loop thread only.
    var isEmpty: Bool {
        position == batch.count && inbox.withLock { $0.entries.isEmpty }
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
        inbox.withLock { inbox in
            swap(&inbox.entries, &batch)
            inbox.hasSignalled = false
            if let keeper = inbox.keeper {
                executor = keeper
            }
            inbox.keeper = nil
        }
    }

    /// Releases the executor, which may end the loop, once `next()` has returned `nil`.
    ///
    /// Loop thread only, as the last thing that a turn does with its queue.
    func releaseExecutor() {
        executor = nil
    }
}
