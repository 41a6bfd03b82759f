import CRedisLink

/// What the loop's thread works on: the queue of jobs and the timers of both clocks.
///
/// Separate from `RedisEventLoop` so that the thread never holds the executor itself, whose last reference may be
/// dropped anywhere, even on the loop's own thread. The thread owns one reference to the core and releases it as its
/// last act.
///
/// `@unchecked Sendable`: `queue` locks; `loop` is set once, before any entry can be queued; `timers` is touched by the
/// loop's thread alone, as `scheduleTimer` and `cancelTimer` check.
final class EventLoopCore: @unchecked Sendable {
    /// Names a timer until it fires or is cancelled.
    struct TimerID: Sendable {
        fileprivate let clock: Int
        fileprivate let entry: DeadlineQueue<() -> Void>.ID
    }

    /// How many entries run before sockets get their turn.
    static let batchSize = 256

    let queue = JobQueue()
    private var loop: OpaquePointer?
    private var timers = [DeadlineQueue<() -> Void>(), DeadlineQueue<() -> Void>()]

    /// Starts the thread.
    ///
    /// Once, before anything else.
    func start(threadName: String) throws(RedisError) {
        let retained = Unmanaged.passRetained(self)
        let delegate = event_loop_delegate(
            context: retained.toOpaque(),
            run_jobs: { EventLoopCore.from($0)?.runJobs() },
            has_jobs: { EventLoopCore.from($0)?.queue.isEmpty == false },
            timer_fired: { EventLoopCore.from($0)?.fireTimers($1) },
            ended: { context in
                guard let context else { return }
                Unmanaged<EventLoopCore>.fromOpaque(context).release()
            })
        var code: Int32 = 0
        guard let started = event_loop_start(threadName, delegate, &code) else {
            retained.release()
            throw .system("cannot start an event loop", code)
        }
        loop = started
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> EventLoopCore? {
        context.map { Unmanaged<EventLoopCore>.fromOpaque($0).takeUnretainedValue() }
    }

    var isCurrent: Bool {
        guard let loop else { return false }
        return event_loop_is_current(loop)
    }

    /// The C loop, for links.
    ///
    /// Loop thread only.
    var handle: OpaquePointer? { loop }

    func wake() {
        guard let loop else { return }
        event_loop_wake(loop)
    }

    /// Ends the thread; see `event_loop_end`.
    ///
    /// Once, when no more entries can come.
    func end() {
        guard let loop else { return }
        event_loop_end(loop)
    }

    // MARK: Jobs

    private func runJobs() {
        for _ in 0..<Self.batchSize {
            switch queue.next() {
            case .job(let job):
                guard let executor = queue.executor else { return }
                job.runSynchronously(
                    isolatedTo: executor.asUnownedSerialExecutor(), taskExecutor: executor.asUnownedTaskExecutor())
            case .work(let work):
                work()
            case nil:
                queue.releaseExecutor()
                return
            }
        }
        // The bound may have fallen on the last entry.
        if queue.isEmpty {
            queue.releaseExecutor()
        }
    }

    // MARK: Timers

    /// Calls `fire` on the loop's thread at or after `deadline`, in nanoseconds of `clock`, and never before it.
    ///
    /// Loop thread only.
    func scheduleTimer(
        by clock: event_loop_clock = EVENT_LOOP_MONOTONIC, at deadline: Int64, _ fire: @escaping () -> Void
    ) -> TimerID {
        let index = Int(clock.rawValue)
        return TimerID(clock: index, entry: changingTimers(of: index) { $0.insert(fire, at: deadline) })
    }

    /// Forgets a timer, if it has not fired.
    ///
    /// Loop thread only.
    func cancelTimer(_ timer: TimerID) {
        _ = changingTimers(of: timer.clock) { $0.remove(timer.entry) }
    }

    private func changingTimers<Result>(
        of index: Int, _ change: (inout DeadlineQueue<() -> Void>) -> Result
    ) -> Result {
        precondition(isCurrent, "not on the thread of this event loop")
        let former = timers[index].earliest
        let result = change(&timers[index])
        if timers[index].earliest != former {
            rearm(event_loop_clock(rawValue: UInt32(index)))
        }
        return result
    }

    private func rearm(_ clock: event_loop_clock) {
        guard let loop else { return }
        if let earliest = timers[Int(clock.rawValue)].earliest {
            event_loop_set_timer(loop, clock, earliest)
        } else {
            event_loop_clear_timer(loop, clock)
        }
    }

    private func fireTimers(_ clock: event_loop_clock) {
        // The clock decides, not the watcher, which can be early by its resolution or by a step of the clock.
        let now = event_loop_now(clock)
        while let fire = timers[Int(clock.rawValue)].popDue(at: now) {
            fire()
        }
        rearm(clock)
    }
}
