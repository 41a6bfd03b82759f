import RQWire
import RedisCron

/// Writes log lines to standard error without ever making the scheduler wait.
///
/// The lines of the scheduler and those of the program go the same way, so that they keep their order; see
/// ``SchedulerLogger`` for what happens when standard error is not read.
struct LogWriter: Sendable {
    static let levels = SchedulerLogger.Level.allCases.map(\.rawValue)
    static let formats = ["text", "json"]

    /// What the scheduler logs to.
    let logger: SchedulerLogger

    init(minimumLevel: SchedulerLogger.Level, isJSON: Bool) {
        logger = SchedulerLogger(minimumLevel: minimumLevel) { level, message, time in
            StandardError.write(Self.line(level, message, at: time, isJSON: isJSON))
        }
    }

    /// Understands `--log-level` and `--log-format`.
    init(arguments: ParsedArguments) throws(UsageError) {
        let level = try arguments.choice(.logLevel, of: Self.levels).flatMap(SchedulerLogger.Level.init(rawValue:))
        let format = try arguments.choice(.logFormat, of: Self.formats)
        self.init(minimumLevel: level ?? .info, isJSON: format == "json")
    }

    func write(_ level: SchedulerLogger.Level, _ message: String) {
        logger(level, message)
    }

    /// Returns when everything that was logged before has been written, or after a second.
    ///
    /// - Returns: Whether it has been; `false` where nobody reads standard error.
    func flush() async -> Bool {
        await logger.flush()
    }

    /// One line, its end included: `2026-06-03T05:40:00.000000Z info    message`.
    static func line(_ level: SchedulerLogger.Level, _ message: String, at time: Timestamp, isJSON: Bool) -> String {
        if isJSON {
            let object: JSONValue = .object([
                "time": .string(time.wireFormat), "level": .string(level.rawValue), "message": .string(message),
            ])
            return "\(object)\n"
        }
        let name = level.rawValue + String(repeating: " ", count: max(0, 7 - level.rawValue.count))
        // A message is one line, whatever stands in an id.
        let single = message.split(omittingEmptySubsequences: false) { $0.isNewline }.joined(separator: "\\n")
        return "\(time.wireFormat) \(name) \(single)\n"
    }
}
