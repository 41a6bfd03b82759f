import Foundation
import RQWire
import RedisCron
import TestSupport

/// Draws definitions such as people register, and such as nobody should but somebody does.
struct DefinitionGenerator {
    private var texts: JSONTextGenerator
    private var serial = 0

    init(generator: SeededGenerator) {
        texts = JSONTextGenerator(generator: generator)
    }

    /// The fields of `RedisCronScheduler.register` in Python, `func` and `queue` for the function and the queue.
    ///
    /// Every id is another one.
    mutating func definition() throws -> JSONObject {
        serial += 1
        var fields: JSONObject = [
            "id": .string("\(pick(Self.names))\(serial)"), "func": .string(pick(Self.functions)),
            "queue": .string(pick(Self.names) + "q"),
        ]
        if chance(3) { fields["args"] = try JSONValue(parsing: texts.argumentsText()) }
        if chance(3) { fields["kwargs"] = try JSONValue(parsing: texts.objectText()) }
        if chance(3) { fields["meta"] = try JSONValue(parsing: texts.objectText()) }
        if chance(2) {
            fields["interval"] = .int(pick([1, 7, 60, 300, 86_400, 604_800, 100_000_007]))
        } else {
            fields["cron"] = .string(pick(Self.expressions))
        }
        if chance(2) { fields["job_timeout"] = .int(pick([-1, 1, 180, 86_400])) }
        if chance(2) { fields["result_ttl"] = .int(pick([-1, 0, 1, 500, 86_400])) }
        if chance(2) { fields["ttl"] = .int(pick([1, 60, 2_000_000_000])) }
        if chance(2) { fields["failure_ttl"] = .int(pick([-1, 0, 1, 31_536_000])) }
        if chance(4) { fields["enabled"] = .bool(pick([true, false, false])) }
        return fields
    }

    private static let names = [
        "metric:pm25 ", "a", "é", "e\u{301}", "日本語", "\u{1F600}", "with blanks ", " ", "tab\t", "line\n", "'\"",
        "a:b:c:",
        "{slot}", "*?[", "%s", "\\", "\u{0}", "jobs:", ":", "rq:cron_job:", "\u{FEFF}", "-", "1",
    ]
    private static let functions = ["app.tasks.rebuild", "app.tasks.nap", "app.tasks.fail", "json.dumps"]
    private static let expressions = [
        "* * * * *", "*/5 8-18 * * mon-fri", "0 0 1 1 *", "@daily", "@hourly", "0 7 L * *", "30 2 29 2 *",
        "0 12 * * fri#2", " 0  7 * * * ", "*/10 * * * * */15", "0 0 * * sun,wed", "15,45 0-6/2 1-7 jan,JUN *",
    ]

    private mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &texts.generator) == 0 }

    private mutating func pick<Element>(_ choices: [Element]) -> Element {
        choices[Int.random(in: 0..<choices.count, using: &texts.generator)]
    }
}

extension RedisCronScheduler {
    /// Registers a definition that ``DefinitionGenerator`` drew.
    @discardableResult
    func register(_ fields: JSONObject) async throws -> RedisCronJob {
        try await register(
            functionName: fields["func"]?.text ?? "", queueName: fields["queue"]?.text ?? "", id: fields["id"]?.text,
            args: fields["args"]?.elements ?? [], kwargs: fields["kwargs"]?.object ?? [:],
            interval: fields["interval"]?.duration, cron: fields["cron"]?.text,
            jobTimeout: fields["job_timeout"]?.duration, resultTTL: fields["result_ttl"]?.duration ?? .seconds(500),
            ttl: fields["ttl"]?.duration, failureTTL: fields["failure_ttl"]?.duration,
            meta: fields["meta"]?.object ?? [:], enabled: fields["enabled"]?.truth)
    }
}
