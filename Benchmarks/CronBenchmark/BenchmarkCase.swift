import Cron

/// An expression, a zone, and the time at which the calls begin.
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
        // Times that are decades apart, and years that the search cannot skip.
        BenchmarkCase(expression: "0 0 29 2 mon#5", zone: "Europe/Berlin"),
        BenchmarkCase(expression: "0 0 29 2 mon#5 0 2000-2099", zone: "Europe/Berlin"),
    ]

    /// Medians of one parse, one `next` and one `previous`, in nanoseconds.
    ///
    /// Each call starts from the previous answer, so that the calls cover decades and clock changes.
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

/// Times an action on the monotonic clock.
enum Measurement {
    /// The median time of one call, in nanoseconds, over batches that are each long enough for the clock.
    static func median(batches: Int = 301, calls: Int = 200, _ action: () -> Void) -> Double {
        let clock = ContinuousClock()
        for _ in 0..<calls { action() }
        let samples = (0..<batches).map { _ in
            let elapsed = clock.measure { for _ in 0..<calls { action() } }
            return Double(elapsed.components.seconds) * 1e9 + Double(elapsed.components.attoseconds) / 1e9
        }
        return samples.sorted()[batches / 2] / Double(calls)
    }
}

/// Keeps the optimizer from dropping a result that nobody reads.
@inline(never) func keep<Value>(_ value: Value) {
    withExtendedLifetime(value) {}
}
