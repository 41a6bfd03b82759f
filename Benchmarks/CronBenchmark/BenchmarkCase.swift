import Cron

/// An expression, the zone in which it is asked for its next time, and where the questions begin.
struct BenchmarkCase {
    let expression: String
    let zone: String
    /// Unix time: 1 January 2026.
    let base: Int64 = 1_767_225_600

    static let all = [
        BenchmarkCase(expression: "*/5 * * * *", zone: "UTC"),
        BenchmarkCase(expression: "*/5 * * * *", zone: "Europe/Berlin"),
        BenchmarkCase(expression: "30 2 * * *", zone: "Europe/Berlin"),
        BenchmarkCase(expression: "0 9-17/2 * * mon-fri", zone: "America/New_York"),
        BenchmarkCase(expression: "15 10 L * *", zone: "Australia/Lord_Howe"),
        BenchmarkCase(expression: "0 9 1,15 * fri", zone: "America/New_York"),
        BenchmarkCase(expression: "0 9 * * mon#1", zone: "Africa/Casablanca"),
        BenchmarkCase(expression: "0 9 15W * *", zone: "Europe/Berlin"),
        BenchmarkCase(expression: "*/10 * * * * *", zone: "Europe/Berlin"),
        BenchmarkCase(expression: "0 0 29 2 *", zone: "Europe/Berlin"),
        // Times that lie decades apart, and the years that no search passes over.
        BenchmarkCase(expression: "0 0 29 2 mon#5", zone: "Europe/Berlin"),
        BenchmarkCase(expression: "0 0 29 2 mon#5 0 2000-2099", zone: "Europe/Berlin"),
    ]

    /// Medians of one parse, one `next` and one `previous`, in nanoseconds.
    ///
    /// Each question begins at the answer before it, so that they walk over decades and over clock changes.
    func measure() throws -> (parse: Double, next: Double, previous: Double) {
        let parsed = try CronExpression(expression)
        let rules = try ZoneRules(identifier: zone)
        var time = base
        let next = Measurement.median { time = parsed.next(after: time, in: rules) ?? base }
        let previous = Measurement.median { time = parsed.previous(before: time, in: rules) ?? base }
        keep(time)
        let text = expression
        let parse = Measurement.median { keep(try? CronExpression(text)) }
        return (parse, next, previous)
    }
}
