@testable import Cron

extension FuzzedParser {
    /// New York's midnight of 2026, a moment in the repeated hour of that year, and the ends of what 64 bits hold.
    private static let bases: [Int64] = [1_767_243_600, 1_793_511_000, 0, .min, .max]

    static func takeCron(_ bytes: [UInt8]) throws(BrokenPromise) {
        let text = String(decoding: bytes, as: UTF8.self)
        do {
            let expression = try CronExpression(text, id: "metric:pm25")
            for zone in [ZoneRules.utc, fallBackZone] { try walk(expression, in: zone) }
        } catch let error as CronExpressionError {
            let quoted = text.utf8.dropFirst(error.position).prefix(error.text.utf8.count)
            try promise(quoted.elementsEqual(error.text.utf8), "an error quotes \(error.text) of \(text)")
            try promiseReadable(error.description)
        } catch {
            throw (error as? BrokenPromise) ?? BrokenPromise("\(error)")
        }
        var generator = FixedGenerator()
        guard let resolved = try? CronExpression.resolvingRandomFields(text, using: &generator) else { return }
        // Resolved text has nothing left to resolve.
        let again = try? CronExpression.resolvingRandomFields(resolved, using: &generator)
        try promise(again == resolved, "\(text) was resolved as \(resolved) and then as \(again ?? "nothing")")
    }

    /// New York's clock by its rule alone: the same on every system.
    private static let fallBackZone = ZoneRules(
        identifier: "EST5EDT",
        table: POSIXTimeZone("EST5EDT,M3.2.0,M11.1.0".utf8).map { ZoneTable(rule: $0) } ?? ZoneRules.utc.table)

    private static func walk(_ expression: CronExpression, in zone: ZoneRules) throws(BrokenPromise) {
        for base in bases {
            var time = base
            for _ in 0..<3 {
                guard let next = expression.next(after: time, in: zone) else { break }
                try promise(next > time, "\(expression) goes from \(time) to \(next)")
                time = next
            }
            time = base
            for _ in 0..<3 {
                guard let previous = expression.previous(before: time, in: zone) else { break }
                try promise(previous < time, "\(expression) goes back from \(time) to \(previous)")
                time = previous
            }
        }
    }

    static func takeZone(_ bytes: [UInt8]) throws(BrokenPromise) {
        let tables = [TZifFile(bytes)?.table, POSIXTimeZone(bytes).map { ZoneTable(rule: $0) }]
        guard let expression = try? CronExpression("*/7 2 * * *"), let hourly = try? CronExpression("*/7 * * * *")
        else { return }
        for table in tables.compactMap(\.self) {
            let zone = ZoneRules(identifier: "fuzzed", table: table)
            for base in bases { _ = zone.offset(at: base) }
            try walk(expression, in: zone)
            try walk(hourly, in: zone)
        }
    }
}

/// Always the same bits.
private struct FixedGenerator: RandomNumberGenerator {
    mutating func next() -> UInt64 { 0x9E37_79B9_7F4A_7C15 }
}
