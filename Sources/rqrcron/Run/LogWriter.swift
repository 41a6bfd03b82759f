import RQWire
import RedisCron

/// Writes log lines to standard error without making the scheduler wait.
///
/// The scheduler's lines and the tool's lines share one queue and so keep their order. ``SchedulerLogger`` says what
/// happens if nobody reads standard error.
struct LogWriter: Sendable {
    static let levels = SchedulerLogger.Level.allCases.map(\.rawValue)
    static let formats = ["text", "json"]

    /// The logger for the scheduler.
    let logger: SchedulerLogger

    init(minimumLevel: SchedulerLogger.Level, isJSON: Bool) {
        logger = SchedulerLogger(minimumLevel: minimumLevel) { level, message, time, keyPrefix in
            StandardError.write(Self.line(level, message, at: time, under: keyPrefix, isJSON: isJSON))
        }
    }

    /// Parses `--log-level` and `--log-format`.
    init(arguments: ParsedArguments) throws(UsageError) {
        let level = try arguments.choice(.logLevel, of: Self.levels).flatMap(SchedulerLogger.Level.init(rawValue:))
        let format = try arguments.choice(.logFormat, of: Self.formats)
        self.init(minimumLevel: level ?? .info, isJSON: format == "json")
    }

    func write(_ level: SchedulerLogger.Level, _ message: String) {
        logger(level, message)
    }

    /// Waits until all earlier lines are written, at most a second.
    ///
    /// - Returns: Whether they were written; false if nobody reads standard error.
    func flush() async -> Bool {
        await logger.flush()
    }

    /// One line with its end: `2026-06-03T05:40:00.000000Z info    message`.
    ///
    /// - Parameter keyPrefix: The prefix that it is about, where there are several: `info    [tenant-a] message`, or the field
    ///   `prefix` of an object.
    static func line(
        _ level: SchedulerLogger.Level, _ message: String, at time: Timestamp, under keyPrefix: String? = nil,
        isJSON: Bool
    ) -> String {
        if isJSON {
            var object: JSONObject = ["time": .string(time.wireFormat), "level": .string(level.rawValue)]
            if let keyPrefix { object["prefix"] = .string(keyPrefix) }
            object["message"] = .string(message)
            return "\(JSONValue.object(object))\n"
        }
        let message = keyPrefix.map { "[\($0)] \(message)" } ?? message
        let name = level.rawValue + String(repeating: " ", count: max(0, 7 - level.rawValue.count))
        // A message is one line, whatever an id contains.
        let single = message.split(omittingEmptySubsequences: false) { $0.isNewline }.joined(separator: "\\n")
        return "\(time.wireFormat) \(name) \(single)\n"
    }
}
