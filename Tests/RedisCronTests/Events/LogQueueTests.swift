import Dispatch
import Foundation
import RQWire
import TestSupport
import Testing

@testable import RedisCron

@Suite(.timeLimit(.minutes(1)))
struct LogQueueTests {
    /// A log whose first line blocks until it may be written.
    private final class BlockedLog: Sendable {
        let lines = Observed<[String]>([])
        private let mayWrite = DispatchSemaphore(value: 0)

        func logger(_ level: SchedulerLogger.Level = .info) -> SchedulerLogger {
            SchedulerLogger(minimumLevel: level) { [lines, mayWrite] level, message in
                lines.update { $0.append("\(level): \(message)") }
                if message == "first" { mayWrite.wait() }
            }
        }

        func unblock() { mayWrite.signal() }
    }

    @Test func `lines are written in order, and a flush waits for them`() async {
        let lines = Observed<[String]>([])
        let logger = SchedulerLogger { _, message in lines.update { $0.append(message) } }
        #expect(await logger.flush())
        for number in 0..<1000 { logger(.info, "\(number)") }
        #expect(await logger.flush())
        #expect(lines.current == (0..<1000).map(String.init))
    }

    @Test(arguments: [SchedulerLogger.Level.info, .error])
    func `the newest lines are kept, and how many were dropped is said in their place`(
        level: SchedulerLogger.Level
    ) async throws {
        let log = BlockedLog()
        let logger = log.logger(level)
        logger(.error, "first")
        try await log.lines.wait(for: "the first line") { $0.isEmpty ? nil : () }
        let last = LogQueue.capacity + 50
        for number in 1...last { logger(.error, "\(number)") }
        log.unblock()
        try await log.lines.wait(for: "the last line") { $0.last == "error: \(last)" ? () : nil }
        let lines = log.lines.current
        #expect(lines.count == LogQueue.capacity + 2)
        #expect(lines[0] == "error: first")
        let noteLevel = max(level, .warning)
        #expect(lines[1] == "\(noteLevel): 50 log lines were dropped: the log was not read as fast as it came")
        #expect(lines[2] == "error: 51")
        #expect(await logger.flush())
    }

    @Test func `a flush of a log that nobody reads gives up, also in a task that is cancelled`() async throws {
        let log = BlockedLog()
        let logger = log.logger()
        logger(.info, "first")
        try await log.lines.wait(for: "the first line") { $0.isEmpty ? nil : () }
        let began = ContinuousClock.now
        let flushing = Task { await logger.flush() }
        flushing.cancel()
        #expect(await flushing.value == false)
        let took = ContinuousClock.now - began
        #expect(took >= SchedulerLogger.flushBound && took < .seconds(20))
        log.unblock()
        #expect(await logger.flush())
    }

    @Test func `a pipe that nobody reads stops neither the scheduler nor its end`() async throws {
        let pipe = Pipe()
        let descriptor = pipe.fileHandleForWriting.fileDescriptor
        let logger = SchedulerLogger(minimumLevel: .debug) { _, message in
            // As a stream handler of standard error writes: it blocks once the pipe is full.
            let line = Array((message + String(repeating: " ", count: 65_536) + "\n").utf8)
            line.withUnsafeBytes { _ = write(descriptor, $0.baseAddress, $0.count) }
        }
        try await withRedis { server in
            try await withConnection(to: server) { connection in
                let scheduler = try RedisCronScheduler(connection: connection, options: .forTest { $0.logger = logger })
                try await scheduler.register(functionName: "m.f", queueName: "q", id: "a", interval: .seconds(1))
                try await whileRunning(scheduler) {
                    try await eventually("three jobs") { try server.command("LLEN", "rq:queue:q").integer ?? 0 >= 3 }
                    #expect(try server.command("EXISTS", "rq:cron_jobs:lock").integer == 1)
                }
                // run() has returned, with the log still blocked.
                #expect(try server.command("EXISTS", "rq:cron_jobs:lock").integer == 0)
            }
        }
        // Lets the thread of the log go on.
        let reading = Task.detached {
            while try pipe.fileHandleForReading.read(upToCount: 1 << 20)?.isEmpty == false {}
        }
        try await eventually("all is written") { await logger.flush() }
        try pipe.fileHandleForWriting.close()
        try await reading.value
    }
}
