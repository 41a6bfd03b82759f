import CRedisLink

/// What the loop's thread works on: the queue of jobs and the two lists of alarms.
///
/// Apart from `RedisEventLoop` so that the thread never holds the executor itself, whose last reference may be dropped
/// anywhere, on the loop's own thread too. The thread owns one reference to the core and gives it back as its last act.
///
/// `@unchecked Sendable`: `queue` locks; `loop` is set once, before any entry can be queued; `alarms` is touched by the
/// loop's thread alone, which `scheduleAlarm`, `cancelAlarm` and the C callbacks require.
final class EventLoopCore: @unchecked Sendable {
    typealias Alarm = () -> Void
    typealias AlarmName = DeadlineQueue<Alarm>.Name

    /// How many entries run before sockets get their turn.
    static let batchSize = 256

    let queue = JobQueue()
    private var loop: OpaquePointer?
    private var alarms = [DeadlineQueue<Alarm>(), DeadlineQueue<Alarm>()]

    /// Starts the thread.
    ///
    /// Once, before anything else.
    func start(threadName: String) throws(RedisError) {
        let retained = Unmanaged.passRetained(self)
        let delegate = event_loop_delegate(
            context: retained.toOpaque(),
            run_jobs: { EventLoopCore.from($0)?.runJobs() },
            has_jobs: { EventLoopCore.from($0)?.queue.isEmpty == false },
            alarm: { EventLoopCore.from($0)?.ring($1) },
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

    // MARK: Alarms

    /// Calls `alarm` on the loop's thread at or after `deadline`, in nanoseconds of `clock`, and never before it.
    func scheduleAlarm(
        _ clock: event_loop_clock, at deadline: Int64, _ alarm: @escaping Alarm
    ) -> AlarmName {
        let index = Int(clock.rawValue)
        let former = alarms[index].earliest
        let name = alarms[index].insert(alarm, at: deadline)
        if alarms[index].earliest != former {
            rearm(clock)
        }
        return name
    }

    /// Forgets an alarm that has not gone off.
    func cancelAlarm(_ clock: event_loop_clock, _ name: AlarmName) {
        let index = Int(clock.rawValue)
        let former = alarms[index].earliest
        _ = alarms[index].remove(name)
        if alarms[index].earliest != former {
            rearm(clock)
        }
    }

    private func rearm(_ clock: event_loop_clock) {
        guard let loop else { return }
        if let earliest = alarms[Int(clock.rawValue)].earliest {
            event_loop_set_alarm(loop, clock, earliest)
        } else {
            event_loop_clear_alarm(loop, clock)
        }
    }

    private func ring(_ clock: event_loop_clock) {
        // The clock decides, not the watcher, which can be early by its resolution or by a step of the clock.
        let now = event_loop_now(clock)
        while let alarm = alarms[Int(clock.rawValue)].popDue(at: now) {
            alarm()
        }
        rearm(clock)
    }
}
