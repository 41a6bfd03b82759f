package import RQWire

/// Where a scheduler's log lines go: one closure, so that any logging library fits.
///
/// With the trait `Logging` it is made from a `Logger` of swift-log, `SchedulerLogger(log)`, and the lines have metadata. Without:
///
/// ```swift
/// let logger = SchedulerLogger(minimumLevel: .info) { level, message in
///     log.log(level: .init(rawValue: level.rawValue) ?? .info, "\(message)")
/// }
/// ```
public struct SchedulerLogger: Sendable {
    /// How important a line is.
    ///
    /// The names are swift-log's.
    public enum Level: String, Sendable, Hashable, CaseIterable, Comparable {
        /// For those who debug the scheduler itself.
        case debug
        /// Normal operation.
        case info
        /// Something that needs no action now, but may need some later.
        case warning
        /// Something that somebody should act on.
        case error

        private var rank: Int {
            switch self {
            case .debug: 0
            case .info: 1
            case .warning: 2
            case .error: 3
            }
        }

        /// `debug` is the lowest.
        public static func < (left: Level, right: Level) -> Bool { left.rank < right.rank }
    }

    /// The longest time that a stop waits for the last lines to be written.
    package static let flushBound = Duration.seconds(1)

    /// Lines below this level are not even formatted.
    public let minimumLevel: Level
    /// Copies of a logger share one; `nil` writes nothing.
    private let queue: LogQueue?
    /// The key prefix that its lines name; `nil` for none.
    private let keyPrefix: String?

    private init(minimumLevel: Level, queue: LogQueue?, keyPrefix: String? = nil) {
        self.minimumLevel = minimumLevel
        self.queue = queue
        self.keyPrefix = keyPrefix
    }

    /// The same logger for one of several schedulers in a process: its lines name the key prefix.
    ///
    /// A closure gets it in front of the message, `[tenant-a] took the lock`; with swift-log it is the line's metadata `prefix`.
    /// All of them write through one queue, in one order. What several find about their common server is one line in a minute, and names
    /// no prefix.
    public func naming(keyPrefix: String) -> SchedulerLogger {
        SchedulerLogger(minimumLevel: minimumLevel, queue: queue, keyPrefix: keyPrefix)
    }

    /// Makes a logger from a closure.
    ///
    /// It gets one line after another, on a queue of its own, and may block: the scheduler does not wait for it. When it
    /// falls more than 10,000 lines behind, the oldest are dropped, and a line says how many.
    /// ``RedisCronScheduler/run()`` returns when all lines are written, or after a second.
    public init(minimumLevel: Level = .info, write: @escaping @Sendable (Level, String) -> Void) {
        self.init(
            minimumLevel: minimumLevel,
            queue: LogQueue(minimumLevel: minimumLevel) { write($0.level, $0.taggedMessage) })
    }

    /// Makes a logger whose closure also gets the time of each line, and the key prefix that it names.
    package init(
        minimumLevel: Level,
        write: @escaping @Sendable (_ level: Level, _ message: String, _ time: Timestamp, _ keyPrefix: String?) -> Void
    ) {
        self.init(
            minimumLevel: minimumLevel,
            queue: LogQueue(minimumLevel: minimumLevel) { write($0.level, $0.message, $0.time, $0.keyPrefix) })
    }

    /// Writes nothing.
    public static let silent = SchedulerLogger(minimumLevel: .error, queue: nil)

    /// Makes a logger whose closure gets all that is known of each line.
    init(minimumLevel: Level, write: @escaping @Sendable (LogQueue.Line) -> Void) {
        self.init(minimumLevel: minimumLevel, queue: LogQueue(minimumLevel: minimumLevel, write: write))
    }

    /// Logs an event.
    func callAsFunction(_ event: SchedulerEvent) {
        guard event.level >= minimumLevel, let queue else { return }
        // All schedulers of a process examine the server that they share.
        if keyPrefix != nil, case .finding(let finding) = event, finding.isAboutServer {
            return queue.appendOnce(event.level, event.line, about: .event(event))
        }
        queue.append(event.level, event.line, about: .event(event), under: keyPrefix)
    }

    /// Logs how many jobs were queued that nobody wants described; nothing for none.
    func callAsFunction(enqueued jobs: Int) {
        guard jobs > 0, .info >= minimumLevel, let queue else { return }
        queue.append(.info, "enqueued \(jobs) jobs", about: .jobs(jobs), under: keyPrefix)
    }

    /// Logs a line.
    package func callAsFunction(_ level: Level, _ message: @autoclosure () -> String) {
        guard level >= minimumLevel, let queue else { return }
        queue.append(level, message(), under: keyPrefix)
    }

    /// Waits until all lines so far are written, at most ``flushBound``; cancellation does not end it.
    ///
    /// - Returns: Whether they are written; `false` if whoever reads the log is stuck.
    @discardableResult
    package func flush() async -> Bool {
        await queue?.flush(within: Self.flushBound) ?? true
    }
}

extension LogQueue.Line {
    /// The message with its key prefix in front, where it has one.
    fileprivate var taggedMessage: String { keyPrefix.map { "[\($0)] \(message)" } ?? message }
}

/// What the log says of jobs that no event tells of: a line for all of a tick, and in a long one each second.
///
/// A line for each batch would cost as much as a tenth of its jobs.
struct TickLog {
    private static let interval: Duration = .seconds(1)

    private let logger: SchedulerLogger
    private var jobs = 0
    private var writtenAt: Duration

    init(_ logger: SchedulerLogger, began: Duration) {
        self.logger = logger
        writtenAt = began
    }

    /// Takes note of jobs that were queued.
    mutating func add(_ count: Int, at now: Duration) {
        jobs += count
        guard now - writtenAt >= Self.interval else { return }
        write()
        writtenAt = now
    }

    /// Writes what it has noted and not written.
    mutating func write() {
        logger(enqueued: jobs)
        jobs = 0
    }
}
