public import RedisCron

extension CronWeb {
    /// What is defined under one key prefix, and the scheduler of this process for it.
    public struct Schedule: Sendable {
        /// Where the definitions are.
        public let connection: RedisCronConnection
        /// The scheduler of this process, whose health and metrics are told; `nil` where it runs elsewhere.
        public let scheduler: RedisCronScheduler?

        /// What is behind a connection.
        ///
        /// - Parameters:
        ///   - connection: Where the definitions are.
        ///   - scheduler: The scheduler of this process; `nil`, the default, where it runs elsewhere.
        public init(connection: RedisCronConnection, scheduler: RedisCronScheduler? = nil) {
            self.connection = connection
            self.scheduler = scheduler
        }
    }
}

/// One key prefix on the site: what its page, its API, its metrics and its health are made of, and where they are.
///
/// A site with one has it at its root. A site with several has each at an address of its own.
final class Mount: Sendable {
    let schedule: CronWeb.Schedule
    /// What may be done; the logger names the prefix where there are several.
    let options: CronWeb.Options
    /// What addresses begin with.
    let path: String
    /// What the site's own addresses begin with, where there are several; `nil` where this is all of the site.
    let sitePath: String?
    /// How the scheduler and Redis are doing.
    let condition: WebCondition
    /// What metrics tell of definitions.
    let measures: DefinitionMeasures
    /// What the listing needs of all definitions.
    let catalogue: Catalogue
    /// The last runs of the definitions that somebody looks at.
    let strips: RunStrips
    /// When they run in the next 24 hours.
    let plans: TimelinePlans

    var connection: RedisCronConnection { schedule.connection }
    var scheduler: RedisCronScheduler? { schedule.scheduler }
    var keyPrefix: String { schedule.connection.keyPrefix }

    /// - Parameters:
    ///   - options: Those of the site.
    ///   - count: How many the site has.
    init(_ schedule: CronWeb.Schedule, options: CronWeb.Options, of count: Int) {
        self.schedule = schedule
        let connection = schedule.connection
        var options = options
        let root = options.mountPath
        if count > 1 {
            options.logger = options.logger.naming(keyPrefix: connection.keyPrefix)
            path = "\(root)/\(MountAddress.folder)/\(MountAddress(keyPrefix: connection.keyPrefix).encoded)"
            sitePath = root
        } else {
            path = root
            sitePath = nil
        }
        self.options = options
        catalogue = Catalogue(
            connection: connection, announcing: schedule.scheduler?.connection, glances: .milliseconds(100 * count))
        strips = RunStrips(connection: connection)
        plans = TimelinePlans(connection: connection)
        measures = DefinitionMeasures(catalogue: catalogue)
        condition = WebCondition(connection: connection, scheduler: schedule.scheduler)
    }
}

/// A key prefix as one segment of a path.
///
/// Every browser takes a segment of dots for a step, also where it is encoded. So the prefixes `.` and `..` have a tilde in front, which no
/// prefix has.
struct MountAddress: Sendable, Hashable {
    /// The segment below which all of them are: no prefix collides with an address of the site.
    static let folder = "prefixes"
    /// The longest one, as it stands in an address: a request's head has a bound, and ids come behind it.
    static let longest = 1_024

    /// Decoded.
    let segment: String

    init(keyPrefix: String) {
        segment = keyPrefix == "." || keyPrefix == ".." ? "~\(keyPrefix)" : keyPrefix
    }

    var encoded: String { PercentEncoding.encoded(segment) }
}
