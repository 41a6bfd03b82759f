import Cron
import RQWire
import RedisCron

/// `rqrcron next`.
struct NextCommand: Sendable {
    private let invocation: Invocation
    private let count: Int
    private let from: Int64

    init(_ invocation: Invocation) throws {
        self.invocation = invocation
        let arguments = invocation.arguments
        count = try arguments.wholeNumber(.count, in: 1...1_000_000) ?? 1
        _ = try arguments.timeZone()
        if let text = arguments.text(.from) {
            guard let instant = ParsedArguments.instant(text.utf8) else {
                throw UsageError("--from takes a time such as 2026-06-03T05:40:00Z, or Unix seconds, not '\(text)'")
            }
            from = instant
        } else {
            from = SystemClock.now().unixSeconds
        }
        let sources = [arguments.operands.count == 1, arguments.has(.idOption), arguments.has(.standardInput)]
        guard sources.count(where: { $0 }) == 1 else {
            throw UsageError("give an expression, or --id ID, or --stdin")
        }
        if arguments.has(.calendar), arguments.has(.standardInput) {
            throw UsageError("give only one of --calendar and --stdin")
        }
    }

    func run() async throws {
        if invocation.arguments.has(.standardInput) {
            return try ScheduleFilter(count: count, from: from, zone: invocation.zone()).run()
        }
        let schedule: ScheduleTimes
        if let id = invocation.arguments.text(.idOption) {
            schedule = try await invocation.withConnection { connection in
                let job = try await RedisCronJob.fetch(id: id, on: connection)
                let zone = try await invocation.zoneToShow(connection)
                zone.tellIfAssumed(for: [job])
                return try ScheduleTimes(job, defaultZone: zone.rules)
            }
        } else {
            let expression = try CronExpression(typed: invocation.arguments.operands[0])
            if let caution = CronExpression.caution(about: expression.text) { StandardError.warn(caution) }
            schedule = ScheduleTimes(expression, in: try invocation.zone())
        }
        let start = Timestamp(unixSeconds: from)
        if invocation.arguments.has(.calendar) {
            return try StandardOutput.write(MonthCalendar(schedule: schedule, instant: start).text)
        }
        let times = schedule.next(count, after: start)
        guard !times.isEmpty else { throw CommandFailure("there is no time after that") }
        var bytes: [UInt8] = []
        for time in times {
            time.appendWireFormat(to: &bytes)
            bytes.append(UInt8(ascii: "\n"))
        }
        try StandardOutput.write(bytes)
    }
}
