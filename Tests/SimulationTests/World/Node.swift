import Cron
import RQWire
import RedisCronTesting

@testable import RedisCron

/// A scheduler process: an actor, its clocks and its connection, which can be paused, killed, stopped and begun anew.
///
/// `@unchecked Sendable`: see ``World``.
final class Node: @unchecked Sendable {
    unowned let world: World
    let name: String
    let executor: SimulatedExecutor
    let clock: SimulatedClock
    let link: Link
    private(set) var isPaused = false
    private(set) var isDead = false
    private(set) var isStopping = false
    private(set) var hasEnded = false
    private var pauses = 0
    private var tokens = 0
    /// What it puts into the lock.
    var token: String { "\(name):\(tokens)" }
    private let channel = EventChannel()
    /// Its events, where they are listened to.
    private let events: EventReader?
    /// What it learnt of its batches and has to tell, and what it has told.
    private(set) var owed: [String: Int] = [:]
    /// What it may tell besides, unless it is cut off before.
    private var allowed: [String: Int] = [:]
    private var subscription: SimulatedAnnouncements?
    private var task: Task<Void, Never>?

    init(name: String, world: World) {
        self.world = world
        self.name = name
        executor = SimulatedExecutor(world: world)
        clock = SimulatedClock(world: world)
        link = Link(world: world, name: name)
        events = world.scenario.policies ? channel.collect() : nil
    }

    /// Since when all its calls about runs have been answered, in the time of the world.
    private(set) var keepsRunsSince: Int64?

    /// Whether it can lead.
    var isAlive: Bool { !isDead && !isStopping }

    /// Made once: its defaults look for the local time zone.
    private static let options = RedisCronScheduler.Options()

    /// Begins its life.
    func start() throws {
        var options = Self.options
        options.name = name
        options.lockTTL = .microseconds(world.scenario.lockTTL)
        options.maxSleepInterval = .microseconds(world.scenario.maxSleep)
        options.whenLockHeld = .standBy
        options.timeZone = "UTC"
        options.batchSize = world.scenario.batchSize
        options.batchesInFlight = 2
        options.history = world.scenario.history
        options.cacheLimit = 2 + Int(world.draw(0...4))
        var settings = try SchedulerSettings(
            options: options, keys: RQKeys(), createdAt: clock.now(), seed: world.random.next(),
            makeToken: { [unowned self] in
                tokens += 1
                return token
            })
        if !world.scenario.holdsRuns { settings.mostHeldRuns = 0 }
        let actor = SchedulerActor(
            store: SimulatedStore(link: link, node: self), clock: clock, settings: settings, channel: channel,
            executor: executor)
        task = Task(executorPreference: executor) { [self] in
            do {
                try await actor.run()
                ended(nil)
            } catch {
                ended(error)
            }
        }
    }

    private func ended(_ error: (any Error)?) {
        hasEnded = true
        world.running.removeAll { $0 === self && executor.count == 0 }
        world.note("\(name) ended\(error.map { ": \($0)" } ?? "")")
        if isAlive { world.oracle.violate("\(name) ended by itself: \(String(describing: error))") }
    }

    // MARK: What happens to it

    /// Nothing of it runs for a while, as under SIGSTOP or a long collection of garbage.
    func pause() {
        guard !isPaused, !isDead else { return }
        isPaused = true
        pauses += 1
        let number = pauses
        let length = world.draw(1_000...world.scenario.lockTTL * 2)
        world.note("\(name) is paused for \(length) µs")
        world.after(length) { [self] _ in
            if pauses == number { resume() }
        }
    }

    /// Goes on.
    func resume() {
        guard isPaused else { return }
        isPaused = false
        world.note("\(name) goes on")
    }

    /// The process dies at once; what it sent may still arrive.
    func kill() {
        guard !isDead else { return }
        world.note("\(name) is killed")
        isDead = true
        isPaused = false
        link.isOver = true
        task?.cancel()
        link.cut()
        subscription?.cut()
        clock.end()
        // What is left of its tasks runs out, without any effect, so that nothing of it stays in memory.
        var steps = 0
        while executor.count > 0, steps < 10_000 {
            executor.run(0)
            steps += 1
        }
        world.running.removeAll { $0 === self }
        if !hasEnded { world.oracle.violate("\(name) did not end after it was killed") }
    }

    /// Asks it to stop, as SIGTERM does.
    func stop() {
        guard isAlive else { return }
        world.note("\(name) is asked to stop")
        isStopping = true
        task?.cancel()
    }

    /// Its connections are cut.
    func cut(byServer: Bool = false) {
        world.note("\(name) is cut off")
        link.cut(byServer: byServer)
        subscription?.cut()
    }

    /// Its subscription alone is cut.
    func cutSubscription() {
        subscription?.cut()
    }

    /// Its wall clock is stepped.
    func stepClock(by microseconds: Int64) {
        world.note("the clock of \(name) is stepped by \(microseconds) µs")
        clock.step(by: microseconds)
    }

    /// A call about runs was answered, or failed.
    func keepsRuns(_ isAnswered: Bool) {
        keepsRunsSince = isAnswered ? keepsRunsSince ?? world.time : nil
    }

    // MARK: What it tells

    /// It has got an answer: this is to be told.
    func mustTell(_ news: [String]) {
        guard events != nil else { return }
        for line in news { owed[line, default: 0] += 1 }
    }

    /// It has got an answer: this may be told once.
    func mayTell(_ line: String) {
        if events != nil { allowed[line, default: 0] += 1 }
    }

    /// Takes in what it has told since; each piece of news must be owed.
    func hear() {
        while let event = events?.take() {
            for line in event.news {
                let isOwed = owed[line] != nil
                let left = (isOwed ? owed[line, default: 0] : allowed[line, default: 0]) - 1
                if isOwed { owed[line] = left == 0 ? nil : left } else { allowed[line] = left }
                if left < 0 { world.oracle.violate("\(name) told what did not happen, or told it twice: \(line)") }
            }
        }
    }

    // MARK: What is announced

    func subscribe(_ reader: SimulatedAnnouncements) {
        subscription = reader
    }

    func announce(_ announcement: Announcement) {
        guard let subscription, !isDead else { return }
        if world.fails(.lostMessage, oneIn: 3) { return }
        world.after(world.draw(50...3_000)) { _ in subscription.take(announcement) }
    }
}
