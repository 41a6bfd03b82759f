import RQWire
import Testing

/// The entries of definitions in RQ's listing; `RQHistoryInteropTests` lets RQ read them.
@Suite struct RQCronEntryTests {
    private static let time = Timestamp(unixSeconds: 1_800_000_000)

    private func definition(
        _ id: String = "a", _ change: (inout CronJobHash) -> Void = { _ in }
    ) -> CronJobHash {
        var hash = CronJobHash(id: id, CallSpec("m.f", queue: "q", resultTTL: nil), .every(.seconds(60)))
        change(&hash)
        return hash
    }

    private func text(_ definition: CronJobHash, expression: String? = nil, next: Timestamp? = time) -> String? {
        RQCronEntry(definition, expression: expression, next: next).map { String(decoding: $0.bytes, as: UTF8.self) }
    }

    @Test func `an entry has RQ's fields, values as JSON inside, and only the options that are set`() {
        let bare = """
            {"func_name":"m.f","name":"a","queue_name":"q","args":null,"kwargs":null,"interval":60,"cron":null,\
            "latest_enqueue_time":null,"next_enqueue_time":"2027-01-15T08:00:00.000000Z"}
            """
        #expect(text(definition()) == bare)
        let full = definition {
            $0.schedule = .cron("H * * * *")
            $0.latestEnqueueTime = Self.time
            $0.call = CallSpec(
                "m.f", queue: "q", args: [1, 1.0, "é"], kwargs: ["a": nil], jobTimeout: .seconds(-1), resultTTL: .zero,
                ttl: .seconds(3), failureTTL: .seconds(4), meta: ["b": [true]],
                webhooks: [JobWebhook(url: "http://h", event: .failed)])
        }
        let rest = #"""
            "args":"[1,1.0,\"\\u00e9\"]","kwargs":"{\"a\":null}","interval":null,"cron":"7 * * * *",\#
            "latest_enqueue_time":"2027-01-15T08:00:00.000000Z","next_enqueue_time":null,"job_timeout":-1,\#
            "result_ttl":0,"ttl":3,"failure_ttl":4,"meta":"{\"b\":[true]}",\#
            "webhooks":"[{\"headers\":null,\"job_status\":\"failed\",\"method\":\"GET\",\"timeout\":10,\"url\":\"http://h\"}]"}
            """#
        #expect(text(full, expression: "7 * * * *", next: nil)?.hasSuffix(rest) == true)
    }

    @Test func `there is none that RQ or a page could not take, nor of a definition that is finished`() {
        let never = Timestamp(unixSeconds: 253_402_300_799)
        #expect(text(definition(), next: never) == nil)
        #expect(text(definition("a\nb")) == nil)
        #expect(text(definition("")) == nil)
        #expect(text(definition { $0.schedule = .every(.zero) }) == nil)
        #expect(text(definition { $0.schedule = .cron("* * * * *") }) == nil, "croniter cannot read it")
        #expect(text(definition(), expression: "* * * * *") == nil, "both")
        #expect(text(definition { $0.call.functionName = "" }) == nil)
        #expect(text(definition { $0.call.queueName = "" }) == nil)
    }

    @Test(arguments: [
        ("http://[::1]:80/", true), ("http://h/a[0]?b[]=1", true), ("http://[1:2:3:4:5:6:7::]", true),
        ("http://[1::2::3]", false), ("http://[:1]", false), ("http://[1:2:3:4:5:6:7:8:9]", false),
        ("http://[12345::]", false), ("http://[x]", false), ("http://a[::1]", false), ("http://[::1]:8[0]", false),
        ("http://[]", false),
    ])
    func `a URL with brackets must have an address in them`(url: String, isListed: Bool) {
        let webhook = JobWebhook(url: url, event: .finished)
        #expect((text(definition { $0.call.webhooks = [webhook] }) != nil) == isListed)
    }

    @Test func `values that a Python may not read or print are not shown`() throws {
        let placeholder = #""args":"[\"<not shown>\"]""#
        let long = definition { $0.call.kwargs = ["a": .string(String(repeating: "x", count: 4_096))] }
        #expect(text(long)?.contains(#""kwargs":"{\"...\":\"<not shown>\"}""#) == true)
        func args(_ value: JSONValue) -> String? { text(definition { $0.call.args = [value] }) }
        let deep = try JSONValue(parsing: String(repeating: "[", count: 100) + String(repeating: "]", count: 100))
        let odd: [JSONValue] = [
            deep, .string(String(repeating: "x", count: 4_093)), try JSONValue(parsing: #""\ud800""#),
            try JSONValue(parsing: #"{"\udfff":1}"#),
        ]
        for value in odd { #expect(args(value)?.contains(placeholder) == true) }
        guard case .array(let inner) = deep else { return }
        for value in inner + [.string(String(repeating: "x", count: 4_092)), .double(.nan)] {
            #expect(args(value)?.contains(placeholder) == false)
        }
    }

    @Test func `a list has at most a thousand entries, and no more than go into it`() throws {
        func list(_ definitions: [CronJobHash]) throws -> [String] {
            let entries = definitions.compactMap { RQCronEntry($0, expression: nil, next: Self.time) }
            guard case .array(let elements) = try JSONValue(parsing: RQCronEntry.list(entries)) else { return [] }
            return elements.compactMap { if case .object(let object) = $0 { object["name"]?.description } else { nil } }
        }
        #expect(try list([]) == [])
        #expect(try list((0..<1_001).map { definition("\($0)") }) == (0..<1_000).map { "\"\($0)\"" })
        let long = (0..<5).map { number in
            definition("\(number)") { $0.call.queueName = String(repeating: "q", count: 1_000_000) }
        }
        #expect(try list(long) == (0..<4).map { "\"\($0)\"" })
    }
}
