import Cron
package import RQWire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The options of a scheduler, checked, and everything that follows from them.
struct SchedulerSettings: Sendable {
    let name: String
    let registration: SchedulerRegistration
    let keys: RQKeys
    /// The zone of definitions that name none.
    let zone: ZoneRules
    let lockTTL: Duration
    let maxSleepInterval: Duration
    let whenLockHeld: LockHeldPolicy
    let shutdownBound: Duration
    let logger: SchedulerLogger
    let meter: SchedulerMeter
    let tracer: SchedulerTracer
    let serializer: JobSerializer
    /// The most jobs in one atomic step, also where the rate allows more.
    let batchSize: Int
    /// The most jobs that are queued in a second.
    let maxRate: Int?
    let batchesInFlight: Int
    let cacheLimit: Int
    /// How many runs of each definition are kept, and how many in all.
    let history: Int
    let historyTotal: Int
    /// The most runs that are held in portions: who wants to know of one definition has to read all of them.
    var mostHeldRuns = 50_000
    /// Seeds the jitter.
    let seed: UInt64
    /// Makes the token of a lease.
    let makeToken: @Sendable () -> String
    /// Whether waiting cannot help with an error: a wrong password stays wrong.
    let isHopeless: @Sendable (any Error) -> Bool

    /// How many due entries are read at once.
    ///
    /// Reading five batches of them blocks Redis for less than a batch does. Where more are in flight a page holds as many, as only one is
    /// read at a time.
    var pageSize: Int { batchSize * max(5, batchesInFlight) }
    /// With this many entries waiting or fewer, the next page is read.
    var readAheadBelow: Int { batchSize * batchesInFlight }
    /// How often a scheduler that stands by asks for the lock.
    var standbyInterval: Duration { .milliseconds(500) }
    /// How long to wait before due entries that could not be moved are looked at again.
    var retryInterval: Duration { .milliseconds(200) }

    init(
        options: RedisCronScheduler.Options, keys: RQKeys, createdAt: Timestamp, seed: UInt64,
        makeToken: (@Sendable () -> String)? = nil, nameSuffix: String = LockTurns.randomSuffix,
        isHopeless: @escaping @Sendable (any Error) -> Bool = { _ in false }
    ) throws(RedisCronError) {
        try Self.check(options)
        zone = try ZoneRules(option: "timeZone", options.timeZone)
        let hostname = Self.hostname
        let pid = getpid()
        let name = options.name ?? "\(hostname):\(pid):\(nameSuffix)"
        self.name = name
        self.registration = SchedulerRegistration(
            name: name, hostname: hostname, pid: pid, createdAt: createdAt, timeZone: zone.notation ?? "")
        self.keys = keys
        self.lockTTL = options.lockTTL
        self.maxSleepInterval = options.maxSleepInterval
        self.whenLockHeld = options.whenLockHeld
        self.shutdownBound = options.shutdownBound
        self.logger = options.logger
        self.meter = options.meter
        self.tracer = options.tracer
        self.serializer = options.serializer
        self.batchSize =
            options.maxRate.map { Pace.batchSize(rate: $0, atMost: options.batchSize) } ?? options.batchSize
        self.maxRate = options.maxRate
        self.batchesInFlight = options.batchesInFlight
        self.cacheLimit = options.cacheLimit
        self.history = options.history
        self.historyTotal = options.historyTotal
        self.seed = seed
        self.makeToken = makeToken ?? { "\(name):\(RedisCronJob.randomHexadecimal())" }
        self.isHopeless = isHopeless
    }

    fileprivate static func check(_ options: RedisCronScheduler.Options) throws(RedisCronError) {
        func require(_ holds: Bool, _ option: String, _ expectation: String) throws(RedisCronError) {
            if !holds { throw RedisCronError(.invalidOption, field: option, expectation) }
        }
        try require(options.name != "", "name", "must not be empty")
        try options.lockTTL.checkAsLockTTL()
        try require(options.maxSleepInterval >= .milliseconds(10), "maxSleepInterval", "must be at least 10 ms")
        try require(options.maxSleepInterval <= .seconds(86_400), "maxSleepInterval", "must be at most a day, 86400 s")
        try require(options.shutdownBound > .zero, "shutdownBound", "must be more than 0")
        try require(options.meter.interval >= .milliseconds(10), "meter.interval", "must be at least 10 ms")
        try require((1...1000).contains(options.batchSize), "batchSize", "must be between 1 and 1000")
        try require((1...64).contains(options.batchesInFlight), "batchesInFlight", "must be between 1 and 64")
        try require(options.maxRate.map { $0 >= 1 } ?? true, "maxRate", "must be at least 1")
        try require((0...1000).contains(options.waitForReplicas), "waitForReplicas", "must be between 0 and 1000")
        try require(options.replicaTimeout >= .milliseconds(1), "replicaTimeout", "must be at least 1 ms")
        // ReplicaWatch has a bound that depends on the connection.
        try require(options.replicaTimeout <= .seconds(3600), "replicaTimeout", "must be at most an hour")
        try require(options.cacheLimit >= 2, "cacheLimit", "must be at least 2")
        try require((0...1000).contains(options.history), "history", "must be between 0 and 1000")
        try require(options.historyTotal >= 1000, "historyTotal", "must be at least 1000")
    }

    /// This machine's name, as in RQ's registry.
    static var hostname: String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let status = buffer.withUnsafeMutableBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { name in
                name.baseAddress.map { gethostname($0, name.count - 1) } ?? -1
            }
        }
        return status == 0 ? String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self) : "localhost"
    }
}

extension Duration {
    /// Checks whether a lock may last that long.
    ///
    /// - Throws: ``RedisCronError`` with code `.invalidOption`.
    func checkAsLockTTL() throws(RedisCronError) {
        let fault: String? =
            if self < .seconds(1) {
                "must be at least 1 s"
            } else if self > .seconds(86_400) {
                "must be at most a day, 86400 s"
            } else {
                nil
            }
        if let fault { throw RedisCronError(.invalidOption, field: "lockTTL", fault) }
    }
}

extension RedisCronScheduler.Options {
    /// Checks whether a scheduler can be made with them, as far as that does not depend on its connection.
    ///
    /// - Throws: ``RedisCronError`` with code `.invalidOption` for the first one that is out of its range.
    package func check() throws(RedisCronError) {
        try SchedulerSettings.check(self)
    }
}

/// What a scheduler says about itself in RQ's registry, and the zone that it publishes beside it.
package struct SchedulerRegistration: Sendable, Hashable {
    /// Seconds that RQ keeps the hash of a scheduler without a heartbeat (`DEFAULT_CRON_SCHEDULER_TTL` in RQ 3).
    package static let timeToLiveSeconds = 120

    package let name: String
    package let hostname: String
    package let pid: Int32
    package let createdAt: Timestamp
    /// The zone in which it reads expressions whose definition names none; empty where others could not know it.
    package let timeZone: String

    package init(name: String, hostname: String, pid: Int32, createdAt: Timestamp, timeZone: String) {
        self.name = name
        self.hostname = hostname
        self.pid = pid
        self.createdAt = createdAt
        self.timeZone = timeZone
    }

    /// The fields of the hash, in RQ's order.
    ///
    /// RQ lists the jobs of a scheduler there; ours have keys of their own.
    package var hashFields: [(field: String, value: String)] {
        [
            ("hostname", hostname), ("pid", String(pid)), ("name", name), ("created_at", createdAt.description),
            ("config_file", ""), ("cron_jobs", "[]"),
        ]
    }
}
