import Foundation
import RQWire
import RedisCron
import TestSupport

/// Draws definitions for RQ's listing: those of ``DefinitionGenerator``, with expressions and values that RQ, croniter or a page
/// could stumble over.
struct ListedDefinitionGenerator {
    private var definitions: DefinitionGenerator
    private var generator: SeededGenerator
    private var serial = 0

    init(generator: SeededGenerator) {
        self.generator = generator
        definitions = DefinitionGenerator(generator: generator)
    }

    /// A definition and what the Python side of the test is told about it.
    mutating func draw(now: Timestamp) throws -> (definition: CronJobHash, meant: JSONObject) {
        serial += 1
        var fields = try definitions.definition()
        // RQ 2.8 lists no names: what it lists is found again by the function.
        fields["func"] = .string("app.tasks.f\(serial)")
        fields["enabled"] = nil
        if chance(2) {
            fields["interval"] = nil
            fields["cron"] = .string(expression())
        }
        if chance(20) { fields["args"] = .array([nested(depth: pick([99, 100, 101, 500]))]) }
        if chance(20) {
            fields["kwargs"] = ["text": .string(String(repeating: "x", count: pick([4000, 4096, 100_000])))]
        }
        if chance(20) {
            fields["meta"] = ["n": try JSONValue(parsing: String(repeating: "9", count: pick([4000, 4300])))]
        }
        let webhooks = chance(4) ? [webhook()] : []
        fields["webhooks"] = webhooks.isEmpty ? nil : .array(webhooks.map(\.json))
        let next = now + .seconds(Int.random(in: 1...1_000_000, using: &generator))
        // Whole seconds, which Python gives back as they are.
        fields["next"] = .double(Double(next.unixSeconds))
        let call = CallSpec(
            fields["func"]?.text ?? "", queue: fields["queue"]?.text ?? "", args: fields["args"]?.elements ?? [],
            kwargs: fields["kwargs"]?.object ?? [:], jobTimeout: fields["job_timeout"]?.duration,
            resultTTL: fields["result_ttl"]?.duration, ttl: fields["ttl"]?.duration,
            failureTTL: fields["failure_ttl"]?.duration, meta: fields["meta"]?.object ?? [:], webhooks: webhooks)
        let schedule = ScheduleSpec(interval: fields["interval"]?.duration, cron: fields["cron"]?.text)
        let definition = CronJobHash(
            id: fields["id"]?.text ?? "", call, schedule, latestEnqueueTime: now,
            nextEnqueueTime: Timestamp(unixSeconds: next.unixSeconds))
        return (definition, fields)
    }

    /// An expression of columns that go together or do not, with years that are over, at hand or far away.
    private mutating func expression() -> String {
        var columns = [
            pick(["*", "0", "H", "H/15", "H(0-29)/10", "h(50-59)", "5-59/20", "*/7", "0,30", "58-2", "H/60", "61"]),
            pick(["*", "0", "H", "H(9-17)", "22-5/3", "*/2", "8-18", "24"]),
            pick(["*", "*", "?", "1", "L", "28-L", "15W", "W1", "H", "H(1-28)", "29", "30", "1,15", "5-0", "*/1"]),
            pick(["*", "*", "2", "feb", "NOV-feb", "H", "mar-mar", "*/5", "13"]),
            pick(["*", "*", "mon-fri", "fri#2", "L5", "7", "sun-mon", "H", "mon-wed#1", "?", "5#6", "thu,sat"]),
        ]
        if chance(2) { columns.append(pick(["0", "*", "*/15", "H", "59", "H(10-20)/3"])) }
        if columns.count == 6, chance(3) {
            columns.append(pick(["*", "2020", "1999-2025", "2026", "2027-2040/5", "2070-2077", "2090", "2099"]))
        }
        return columns.joined(separator: pick([" ", "  ", "\t"]))
    }

    private mutating func webhook() -> JobWebhook {
        let url = pick([
            "http://h/x?a[]=1", "HTTPS://example.com:8443", "http://[::1]:80/", "http://[1:2:3:4:5:6:7:8]",
            "http://[1::2::3]/", "http://[x]/", "http://a[b]/", "http://[:1]/", "http://[fe80::1%25eth0]/",
            "http://[v1.x]/", "http://[::ffff:1.2.3.4]/",
        ])
        return JobWebhook(
            url: url, event: pick([.finished, .failed]), method: pick([.get, .post]), headers: ["X-é": "a"],
            timeout: .seconds(pick([1, 86_400])))
    }

    private func nested(depth: Int) -> JSONValue {
        (1..<depth).reduce(.array([])) { value, _ in .array([value]) }
    }

    private mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &generator) == 0 }

    private mutating func pick<Element>(_ choices: [Element]) -> Element {
        choices[Int.random(in: 0..<choices.count, using: &generator)]
    }
}
