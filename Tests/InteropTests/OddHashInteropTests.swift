import Foundation
import RQWire
import RedisCron
import TestSupport
import Testing

/// Hashes that nobody writes today: of older versions, of other programs, edited by hand.
@Suite(.timeLimit(.minutes(3)))
struct OddHashInteropTests {
    @Test(.seeded) func `what rq-rediscron can read, we read as the same`() async throws {
        var generator = SeededGenerator.ofTest()
        let hashes = (0..<600).map { Self.draw("h\($0)", &generator) }
        try await withRedis { server in
            for hash in hashes {
                var words: [any CommandPart] = ["HSET", "rq:cron_job:\(hash["id"] ?? "")"]
                for (name, value) in hash where name != "key" { words += [name, value] }
                try server.command(words)
            }
            let theirs = try await Peer(on: server).ask(
                hashes.map { hash -> JSONObject in ["do": "read", "id": .string(hash["id"] ?? "")] })
            try await withScheduler(on: server) { scheduler in
                var readable = 0
                for (hash, their) in zip(hashes, theirs) {
                    do {
                        let job = try await RedisCronJob.fetch(id: hash["id"] ?? "", on: scheduler.connection)
                        guard var expected = their.textFields, expected["error"] == nil else { continue }
                        readable += 1
                        var ours = Dictionary(
                            uniqueKeysWithValues: job.hashFields().map {
                                ($0.field, String(decoding: $0.value, as: UTF8.self))
                            })
                        // The zone is ours alone, and an interval of 0 is none. Python fills in the present, and 500 s
                        // for a result that nobody wanted kept; we leave what is not there.
                        ours["timezone"] = nil
                        if expected["interval"] == "0" { expected["interval"] = "" }
                        for name in ["created_at", "updated_at", "next_enqueue_time"] where ours[name] == "" {
                            ours[name] = nil
                            expected[name] = nil
                        }
                        if ["", "0"].contains(ours["result_ttl"]) { expected["result_ttl"] = ours["result_ttl"] }
                        #expect(ours == expected, "\(hash)")
                    } catch let error as RedisCronError {
                        guard their["error"] == nil, !Self.isRefusedForGood(hash) else { continue }
                        Issue.record("\(error) but Python reads \(their) of \(hash)")
                    }
                }
                // Most are readable, or the test shows nothing.
                #expect(readable > 200)
            }
        }
    }

    /// What Python reads by accident, or RQ cannot run as it stands: refused here with a reason.
    ///
    /// `tuple("ab")` and `dict([])` work, so JSON of the wrong kind passes there.
    private static func isRefusedForGood(_ hash: [String: String]) -> Bool {
        let args = hash["args"] ?? "", objects = ["kwargs", "meta"].map { hash[$0] ?? "" }
        return ["\"", "{"].contains(args.prefix(1)) || objects.contains { $0.hasPrefix("[") }
            || hash["queue_name"] == "" || hash["job_timeout"] == "0" || ["0", "-1"].contains(hash["ttl"])
            || hash["interval"] == "-1"
    }

    /// A plain hash with some of its fields made odd.
    private static func draw(_ id: String, _ generator: inout SeededGenerator) -> [String: String] {
        var hash = [
            "id": id, "func_name": "app.tasks.rebuild", "queue_name": "q", "args": "[1,1.0]", "kwargs": #"{"a":"b"}"#,
            "interval": "300", "cron": "", "latest_enqueue_time": "", "next_enqueue_time": "",
            "created_at": "2026-06-03T05:40:00.000000Z", "updated_at": "2026-06-03T05:41:00.000000Z", "enabled": "1",
            "job_timeout": "", "result_ttl": "500", "ttl": "", "failure_ttl": "", "meta": "{}",
        ]
        if Bool.random(using: &generator) { (hash["interval"], hash["cron"]) = ("", "*/5 * * * *") }
        for _ in 0..<Int.random(in: 0...4, using: &generator) {
            guard let (name, values) = oddities.randomElement(using: &generator),
                let value = values.randomElement(using: &generator)
            else { continue }
            hash[name] = value
        }
        return hash
    }

    private static let times: [String?] = [
        nil, "", "2026-06-03T05:40:00Z", "2026-06-03T05:40:00.5Z", "2026-6-3T5:4:0.123Z", "2026-06-03", "now",
    ]
    private static let numbers: [String?] = [nil, "", "0", "-1", " 7 ", "1_000", "+5", "007", "7.0", "x"]

    /// Values for each field, `nil` to leave it out.
    private static let oddities: [(String, [String?])] = [
        ("args", [nil, "", "[]", "[ 1, {\"a\" : 2} ]", "\"ab\"", "{\"a\":1}", "[", "[NaN]"]),
        ("kwargs", [nil, "", "{}", " {\"é\":1}", "[]", "[[\"a\",1]]", "{"]),
        ("meta", [nil, "", "{\"b\":1,\"a\":2}", "null"]), ("interval", numbers), ("cron", [nil, "", "@daily", "x"]),
        ("latest_enqueue_time", times), ("next_enqueue_time", times), ("created_at", times), ("updated_at", times),
        ("enabled", [nil, "", "0", "1", "2", " 1", "True"]), ("job_timeout", numbers), ("result_ttl", numbers),
        ("ttl", numbers), ("failure_ttl", numbers), ("queue_name", [nil, "", "ü"]),
        ("func_name", [nil, "", "rebuild", "json.dumps", "app.tasks."]), ("timezone", [nil, "", "Europe/Berlin"]),
        ("x", ["y"]),
    ]
}
