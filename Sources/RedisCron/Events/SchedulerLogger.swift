/// Where a scheduler's log lines go: one closure, so that any logging library fits.
///
/// With swift-log:
///
/// ```swift
/// let logger = SchedulerLogger(minimumLevel: .info) { level, message in
///     log.log(level: .init(rawValue: level.rawValue) ?? .info, "\(message)")
/// }
/// ```
public struct SchedulerLogger: Sendable {
    /// How much a line matters.
    ///
    /// The names are swift-log's.
    public enum Level: String, Sendable, Hashable, CaseIterable, Comparable {
        /// For those who look into the scheduler itself.
        case debug
        /// What happens in the ordinary course.
        case info
        /// What needs no action but tells of something that might.
        case warning
        /// What somebody should act upon.
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

    /// Lines below this level are not even made.
    public let minimumLevel: Level
    private let write: @Sendable (Level, String) -> Void

    /// Makes a logger from a closure, which must not block: it is called on the scheduler's thread.
    public init(minimumLevel: Level = .info, write: @escaping @Sendable (Level, String) -> Void) {
        self.minimumLevel = minimumLevel
        self.write = write
    }

    /// Writes nothing.
    public static let silent = SchedulerLogger(minimumLevel: .error) { _, _ in }

    func callAsFunction(_ level: Level, _ message: @autoclosure () -> String) {
        if level >= minimumLevel { write(level, message()) }
    }
}
