public import RedisCron

#if ServiceLifecycle
    public import ServiceLifecycle
#endif

/// The page, the API, metrics and health of schedulers, as an answer to each request; sockets are somebody else's.
///
/// ```swift
/// let web = CronWeb(connection: connection, scheduler: scheduler)
/// async let following: Void = web.run()
/// let answer = await web.respond(to: request)
/// ```
///
/// With several key prefixes each has all of this below an address of its own, `/prefixes/PREFIX`, and the root tells of all of them:
///
/// ```swift
/// let web = try CronWeb(schedules: [
///     CronWeb.Schedule(connection: first, scheduler: firstScheduler),
///     CronWeb.Schedule(connection: second, scheduler: secondScheduler),
/// ])
/// ```
public final class CronWeb: Sendable {
    /// The largest body of a request.
    public static let mostBodyBytes = 1_048_576
    /// The most bytes that target and header fields may have together.
    public static let mostHeadBytes = 8_192

    /// What is shown: one, or several of different key prefixes, in the order in which they are listed.
    public let schedules: [Schedule]
    /// What may be done, and by whom.
    public let options: Options
    /// Who is let in.
    let access: AccessPolicy
    /// What is shown, with its address.
    let mounts: [Mount]
    /// Tells those who look at the list of all prefixes what changes.
    let watch: SiteWatch
    /// The places of ``mounts`` by the segment of their addresses; empty where the only one is at the root.
    private let places: [[UInt8]: Int]

    /// The page of one key prefix.
    ///
    /// - Parameters:
    ///   - connection: Where the definitions are.
    ///   - scheduler: The scheduler of this process, whose health and metrics are told; `nil` where it runs elsewhere.
    ///   - options: What may be done, and by whom. By default everybody may read, and nobody write.
    public init(
        connection: RedisCronConnection, scheduler: RedisCronScheduler? = nil, options: Options = Options()
    ) {
        (schedules, mounts, places) = Self.mounting([Schedule(connection: connection, scheduler: scheduler)], options)
        self.options = options
        access = AccessPolicy(options)
        watch = SiteWatch(mounts)
    }

    /// The pages of several key prefixes, with a first page that lists them.
    ///
    /// Each is below `/prefixes/PREFIX`, with the prefix percent-encoded. A single one is at the root, as with the other initialiser.
    ///
    /// The connections may share their links, so that all prefixes together need one more connection to each server:
    /// `RedisCronConnection(sharingLinksOf:keyPrefix:)`. What has changed is heard over the connections of the schedulers, where there are
    /// some.
    ///
    /// - Parameters:
    ///   - schedules: At least one; each of another key prefix, which takes at most 1,024 bytes in an address.
    ///   - options: What may be done, and by whom, under all prefixes. By default everybody may read, and nobody write.
    /// - Throws: `RedisCronError` with code `.invalidOption` for no schedule, a prefix that is there twice, or one that is too long.
    public init(schedules: [Schedule], options: Options = Options()) throws(RedisCronError) {
        try Self.check(keyPrefixes: schedules.map(\.connection.keyPrefix))
        (self.schedules, mounts, places) = Self.mounting(schedules, options)
        self.options = options
        access = AccessPolicy(options)
        watch = SiteWatch(mounts)
    }

    /// Checks that each of some key prefixes can have an address of its own.
    ///
    /// - Throws: As ``init(schedules:options:)``.
    package static func check(keyPrefixes: [String]) throws(RedisCronError) {
        func refuse(_ reason: String) throws(RedisCronError) {
            throw RedisCronError(.invalidOption, field: "schedules", reason)
        }
        if keyPrefixes.isEmpty { try refuse("must have at least one") }
        var seen: Set<String> = []
        for prefix in keyPrefixes {
            if !seen.insert(prefix).inserted { try refuse("has the key prefix '\(prefix)' twice") }
            let length = MountAddress(keyPrefix: prefix).encoded.utf8.count
            if keyPrefixes.count > 1, length > MountAddress.longest {
                try refuse(
                    """
                    has a key prefix of \(length) bytes in an address, which may have \(MountAddress.longest): \
                    '\(prefix.prefix(40))…'
                    """)
            }
        }
    }

    private static func mounting(
        _ schedules: [Schedule], _ options: Options
    ) -> ([Schedule], [Mount], [[UInt8]: Int]) {
        let mounts = schedules.map { Mount($0, options: options, of: schedules.count) }
        var places: [[UInt8]: Int] = [:]
        if mounts.count > 1 {
            for (place, mount) in mounts.enumerated() {
                places[Array(MountAddress(keyPrefix: mount.keyPrefix).segment.utf8)] = place
            }
        }
        return (schedules, mounts, places)
    }

    /// The one that is mounted at a segment below ``MountAddress/folder``.
    func mount(at segment: [UInt8]) -> Mount? { places[segment].map { mounts[$0] } }

    /// Keeps what the page shows in step with Redis, until the task is cancelled.
    ///
    /// Without it requests are answered, but the listings are empty. While Redis is away it goes on trying, and the page says so.
    /// When nobody has asked for a minute, only edits are followed.
    ///
    /// Give the page connections of its own where it stands beside schedulers: what it reads is decoded on the thread of their loop.
    ///
    /// With the trait `ServiceLifecycle` it returns when its group of services shuts down gracefully.
    ///
    /// - Throws: `CancellationError`, once it was cancelled. Open event streams end then.
    public func run() async throws {
        await StopRequest.cancelling {
            await withTaskGroup(of: Void.self) { group in
                for mount in self.mounts {
                    group.addTask { await mount.catalogue.follow() }
                }
                let feeds = self.mounts.map(\.catalogue.feed) + (self.mounts.count > 1 ? [self.watch.feed] : [])
                group.addTask { await CatalogueFeed.keepAlive(feeds) }
                if self.mounts.count > 1 { group.addTask { await self.watch.follow() } }
                if self.options.hasMetricsPerJob {
                    group.addTask { await DefinitionMeasures.follow(self.mounts.map(\.measures)) }
                }
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
        /// Whether metrics have series for each definition, of at most 1,000 under all key prefixes together; off by default.
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
