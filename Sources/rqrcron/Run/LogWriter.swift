import Dispatch
import RQWire
import RedisCron
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Writes log lines to standard error without ever making the scheduler wait.
///
/// Lines are written in order on a queue of their own. When standard error is not read, at most 10,000 lines wait; further
/// ones are dropped and counted, and the count is written once there is room.
final class LogWriter: Sendable {
    static let levels = SchedulerLogger.Level.allCases.map(\.rawValue)
    static let formats = ["text", "json"]
    private static let capacity = 10_000

    private let minimumLevel: SchedulerLogger.Level
    private let isJSON: Bool
    private let queue = DispatchQueue(label: "rqrcron.log")
    private let waiting = Atomic<Int>(0)
    private let dropped = Atomic<Int>(0)

    init(minimumLevel: SchedulerLogger.Level, isJSON: Bool) {
        self.minimumLevel = minimumLevel
        self.isJSON = isJSON
    }

    /// Understands `--log-level` and `--log-format`.
    convenience init(arguments: ParsedArguments) throws(UsageError) {
        let level = try arguments.choice(.logLevel, of: Self.levels).flatMap(SchedulerLogger.Level.init(rawValue:))
        let format = try arguments.choice(.logFormat, of: Self.formats)
        self.init(minimumLevel: level ?? .info, isJSON: format == "json")
    }

    /// What the scheduler logs to.
    var logger: SchedulerLogger {
        SchedulerLogger(minimumLevel: minimumLevel) { level, message in self.write(level, message) }
    }

    func write(_ level: SchedulerLogger.Level, _ message: String) {
        guard level >= minimumLevel else { return }
        guard waiting.wrappingAdd(1, ordering: .relaxed).newValue <= Self.capacity else {
            waiting.wrappingSubtract(1, ordering: .relaxed)
            dropped.wrappingAdd(1, ordering: .relaxed)
            return
        }
        let line = Self.line(level, message, at: Self.now(), isJSON: isJSON)
        queue.async {
            let missing = self.dropped.exchange(0, ordering: .relaxed)
            if missing > 0 {
                let note = "\(missing) log lines were dropped: standard error was not read"
                StandardError.write(Self.line(.warning, note, at: Self.now(), isJSON: self.isJSON))
            }
            StandardError.write(line)
            self.waiting.wrappingSubtract(1, ordering: .relaxed)
        }
    }

    /// Returns when everything that was logged before has been written.
    func flush() async {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume() }
        }
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

    private static func now() -> Timestamp { SystemClock.now() }
}
