#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Holds the jobs of one scheduler until the simulation runs them, one at a time, in the order that it draws.
///
/// `@unchecked Sendable`: a schedule is simulated on one thread, and who enqueues from another one is noted as a
/// violation: something of the scheduler would run where the simulation does not see it.
final class SimulatedExecutor: SerialExecutor, TaskExecutor, @unchecked Sendable {
    private var jobs: [UnownedJob] = []
    /// Jobs that can be run.
    private(set) var count = 0
    private unowned let world: World

    init(world: World) {
        self.world = world
    }

    private let thread = pthread_self()
    /// Whether a job came from another thread.
    private(set) var wasLeft = false

    func enqueue(_ job: consuming ExecutorJob) {
        if pthread_equal(thread, pthread_self()) == 0 { wasLeft = true }
        jobs.append(UnownedJob(job))
        count += 1
        world.waitingJobs += 1
    }

    /// Runs one of the jobs until it suspends.
    func run(_ position: Int) {
        let job = jobs.remove(at: position)
        count -= 1
        world.waitingJobs -= 1
        job.runSynchronously(isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

    func asUnownedTaskExecutor() -> UnownedTaskExecutor { UnownedTaskExecutor(ordinary: self) }

    func isIsolatingCurrentContext() -> Bool? { true }

    func checkIsolated() {}
}
