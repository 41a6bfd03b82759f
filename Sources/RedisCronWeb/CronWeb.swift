public import RedisCron

#if ServiceLifecycle
    public import ServiceLifecycle
#endif

/// The page, the API, metrics and health of a scheduler, as an answer to each request; sockets are somebody else's.
///
/// ```swift
/// let web = CronWeb(connection: connection, scheduler: scheduler)
/// async let following: Void = web.run()
/// let answer = await web.respond(to: request)
/// ```
public final class CronWeb: Sendable {
    /// The largest body of a request.
    public static let mostBodyBytes = 1_048_576
    /// The most bytes that target and header fields may have together.
    public static let mostHeadBytes = 8_192

    /// Where the definitions are.
    public let connection: RedisCronConnection
    /// The scheduler of this process; `nil` where it runs elsewhere.
    public let scheduler: RedisCronScheduler?
    /// What may be done, and by whom.
    public let options: Options
    /// How the scheduler and Redis are doing.
    let condition: WebCondition
    /// What metrics tell of definitions.
    let measures: DefinitionMeasures
    /// Who is let in.
    let access: AccessPolicy
    /// What the listing needs of all definitions.
    let catalogue: Catalogue
    /// The last runs of the definitions that somebody looks at.
    let strips: RunStrips
    /// When they run in the next 24 hours.
    let plans: TimelinePlans

    /// - Parameters:
    ///   - connection: Where the definitions are.
    ///   - scheduler: The scheduler of this process, whose health and metrics are told; `nil` where it runs elsewhere.
    ///   - options: What may be done, and by whom. By default everybody may read, and nobody write.
    public init(
        connection: RedisCronConnection, scheduler: RedisCronScheduler? = nil, options: Options = Options()
    ) {
        self.connection = connection
        self.scheduler = scheduler
        self.options = options
        access = AccessPolicy(options)
        catalogue = Catalogue(connection: connection)
        strips = RunStrips(connection: connection)
        plans = TimelinePlans(connection: connection)
        measures = DefinitionMeasures(catalogue: catalogue)
        condition = WebCondition(connection: connection, scheduler: scheduler)
    }

    /// Keeps what the page shows in step with Redis, until the task is cancelled.
    ///
    /// Without it requests are answered, but the listing is empty. While Redis is away it goes on trying, and the page says so.
    /// When nobody has asked for a minute, only edits are followed.
    ///
    /// Give the page a `RedisCronConnection` of its own where it stands beside a scheduler: what it reads is decoded on the
    /// thread of that connection's loop.
    ///
    /// With the trait `ServiceLifecycle` it returns when its group of services shuts down gracefully.
    ///
    /// - Throws: `CancellationError`, once it was cancelled. Open event streams end then.
    public func run() async throws {
        await StopRequest.cancelling {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.catalogue.follow() }
                group.addTask { await self.catalogue.feed.keepAlive() }
                if self.options.hasMetricsPerJob { group.addTask { await self.measures.follow() } }
            }
        }
        try Task.checkCancellation()
    }

    /// Answers a request.
    ///
    /// It never throws: what is wrong is told in the answer. Cancelling the task ends the work, and the answer is one of 503.
    public func respond(to request: CronWebRequest) async -> CronWebResponse {
        await Router(web: self).respond(to: request)
    }
}

extension CronWeb {
    /// What may be done through the page and the API, and by whom.
    public struct Options: Sendable {
        /// The names and addresses under which the page may be asked for, as in `Host`: `cron.example`, `10.0.0.7:8600`, `[2001:db8::7]`.
        ///
        /// One without a port is taken with any. `localhost` and addresses of the loopback are always among them. Others are refused
        /// with 421, because of DNS rebinding.
        public var hosts: [String] = []
        /// The secret that everybody needs who wants more than a word of health; `nil` lets everybody read.
        public var token: CronWebToken?
        /// Where the page is mounted: `/cron` for an app that has other pages; empty by default.
        ///
        /// Requests come with it.
        public var mountPath = ""
        /// Whether arguments and metadata of jobs are shown; off by default, since they may hold secrets.
        public var showsArguments = false
        /// Whether definitions may be changed; off by default, and without effect where there is no ``token``.
        public var allowsActions = false
        /// Whether metrics have series for each definition, of at most 1,000; off by default.
        public var hasMetricsPerJob = false
        /// Who is told what was done through the page and the API, and by whom; silent by default.
        public var logger = SchedulerLogger.silent

        /// The defaults: everybody may read, and nobody write.
        public init() {}
    }
}

#if ServiceLifecycle
    /// A service of a `ServiceGroup`: ``CronWeb/run()`` ends by itself when the group shuts down gracefully.
    extension CronWeb: Service {}
#endif
