import Cron
import Foundation
import TestSupport

/// One question for both sides, and this side's answer.
struct DifferentialCase: Sendable {
    let written: String
    /// The text after `R` was resolved; the written one if it has none.
    let expression: String
    let id: String?
    let zone: String
    let base: Int64
    let outcome: Outcome

    enum Outcome: Sendable, Equatable {
        case refused(CronExpressionError.Code)
        case times([Int64])
    }

    static let timesPerCase = 5

    /// An expression without `R`.
    init(_ expression: String, id: String? = nil, zone: ZoneRules, base: Int64) {
        self.init(written: expression, resolved: expression, id: id, zone: zone, base: base)
    }

    init(using generator: inout ExpressionGenerator, from pool: ZonePool) {
        let written = generator.expression()
        let zone = pool.zone(using: &generator.random)
        let base = pool.base(in: zone, using: &generator.random)
        // With a hash id, croniter reads a name such as @daily differently. RQ gives it none.
        let ids: [String?] = [nil, "", "a", "metric:pm25", "cron:6f1c2c1e-9c1b-4a60-8d0e-0c1f4a7d3b11", "zürich/日本"]
        let id = written.hasPrefix("@") ? nil : generator.pick(ids)
        // What cannot be resolved is given to both sides as it is, and both must refuse it.
        let resolved = try? CronExpression.resolvingRandomFields(written, using: &generator.random)
        self.init(written: written, resolved: resolved ?? written, id: id, zone: zone, base: base)
    }

    private init(written: String, resolved: String, id: String?, zone: ZoneRules, base: Int64) {
        self.written = written
        expression = resolved
        self.id = id
        self.zone = zone.identifier
        self.base = base
        do {
            outcome = .times(Self.times(of: try CronExpression(resolved, id: id), after: base, in: zone))
        } catch {
            outcome = .refused(error.code)
        }
    }

    private static func times(of expression: CronExpression, after base: Int64, in zone: ZoneRules) -> [Int64] {
        var times: [Int64] = []
        while times.count < timesPerCase, let next = expression.next(after: times.last ?? base, in: zone) {
            times.append(next)
        }
        return times
    }

    /// The line that `cron_reference.py` reads.
    var request: String {
        get throws {
            let resolvedFrom: Any = written == expression ? NSNull() : written
            let parts: [Any] = [zone, base, id ?? NSNull(), expression, resolvedFrom]
            return String(decoding: try JSONSerialization.data(withJSONObject: parts), as: UTF8.self)
        }
    }
}
