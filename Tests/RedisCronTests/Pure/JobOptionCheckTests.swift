import Cron
import RQWire
import Testing

@testable import RedisCron

/// Which of RQ's options of a job are taken.
@Suite struct JobOptionCheckTests {
    private static func webhook(
        _ url: String, headers: [String: String] = [:], timeout: Duration = .seconds(10)
    ) -> @Sendable (inout CronJobHash) -> Void {
        let webhook = JobWebhook(url: url, event: .failed, headers: headers, timeout: timeout)
        return { $0.webhooks = [JobWebhook(url: "https://good.example", event: .finished), webhook] }
    }

    private static func retry(
        _ max: Int, _ intervals: Duration...
    ) -> @Sendable (inout CronJobHash) -> Void {
        { $0.retry = JobRetry(max: max, intervals: intervals) }
    }

    private static let refused: [(String, String, @Sendable (inout CronJobHash) -> Void)] = [
        ("retry", "max must be at least 1, not 0", retry(0)),
        ("retry", "max must be at least 1, not -1", retry(-1, .seconds(1))),
        ("retry", "intervals must be from 0 to 250000000000 s, not -1", retry(1, .seconds(1), .seconds(-1))),
        ("retry", "not 250000000001", retry(1, .seconds(250_000_000_001))),
        ("retry", "intervals must be whole seconds", retry(1, .milliseconds(1500))),
        ("on_success", "it has no dot", { $0.onSuccess = "done" }),
        ("on_failure", "part 2 is empty", { $0.onFailure = "app." }),
        ("on_stopped", "it is empty", { $0.onStopped = "" }),
        ("webhooks", "entry 2: url must begin with http:// or https://", webhook("ftp://h/")),
        ("webhooks", "url must begin with", webhook("h/path")),
        ("webhooks", "url must begin with", webhook("")),
        ("webhooks", "url must have a host", webhook("http://")),
        ("webhooks", "url must have a host", webhook("http://:80/")),
        ("webhooks", "url must have a host", webhook("http:///path?a=b")),
        ("webhooks", "url must have a host", webhook("http://[::1/")),
        ("webhooks", "url must have a port", webhook("http://h:x/")),
        ("webhooks", "url must have a port", webhook("http://h:65536/")),
        ("webhooks", "url must be of printable ASCII", webhook("http://h/a b")),
        ("webhooks", "url must be of printable ASCII", webhook("http://h/ä")),
        ("webhooks", "url must hold no user and password", webhook("http://user:secret@h/")),
        ("webhooks", "timeout must be from 1 to", webhook("http://h", timeout: .zero)),
        ("webhooks", "timeout must be from 1 to", webhook("http://h", timeout: .milliseconds(1500))),
        ("webhooks", "the name of a header", webhook("http://h", headers: ["": "x"])),
        ("webhooks", "the name of a header", webhook("http://h", headers: ["A:": "x"])),
        ("webhooks", "the name of a header", webhook("http://h", headers: ["Ä": "x"])),
        ("webhooks", "the value of a header", webhook("http://h", headers: ["A": "secret\n"])),
        ("webhooks", "the value of a header", webhook("http://h", headers: ["A": "secret €"])),
        ("planned_time_arg", "the name of a keyword argument", { $0.plannedTimeArgument = "1st" }),
        ("planned_time_arg", "the name of a keyword argument", { $0.plannedTimeArgument = "" }),
        ("planned_time_arg", "the name of a keyword argument", { $0.plannedTimeArgument = "a.b" }),
        ("planned_time_arg", "it is a reserved word of Python", { $0.plannedTimeArgument = "from" }),
        (
            "planned_time_arg", "which kwargs has too",
            {
                $0.kwargs = ["at": 1]
                $0.plannedTimeArgument = "at"
            }
        ),
    ]

    @Test(arguments: refused.indices)
    func `what no worker could do is refused with field and reason, and without secrets`(index: Int) {
        let (field, reason, change) = Self.refused[index]
        let error = #expect(throws: RedisCronError.self) {
            try DefinitionCheck(.example("m", change)).plan(defaultZone: .utc)
        }
        #expect(error?.code == .invalidDefinition)
        #expect(error?.field == field)
        #expect(error?.message.contains(reason) == true, "\(String(describing: error))")
        #expect(!String(describing: error).contains("secret"))
    }

    private static let accepted: [@Sendable (inout CronJobHash) -> Void] = [
        retry(1), retry(3, .seconds(10), .seconds(60)), retry(1, .zero),
        { $0.onSuccess = "app.tasks.größe" },
        webhook("http://h"), webhook("HTTPS://h:443?a=b#c"), webhook("http://[::1]:8080/a/%20"),
        webhook("http://h:/", headers: ["X-Token": "a b\tÿ", "E": ""], timeout: .seconds(1)),
        { $0.atFront = true },
        { $0.plannedTimeArgument = "größe_1" },
        {
            $0.kwargs = ["other": 1]
            $0.plannedTimeArgument = "at"
        },
    ]

    @Test(arguments: accepted.indices)
    func `what RQ can do is accepted`(index: Int) throws {
        _ = try DefinitionCheck(.example("m", Self.accepted[index])).plan(defaultZone: .utc)
    }

    @Test(arguments: [
        ("retry", "3"), ("retry", #"{"intervals":[1]}"#), ("retry", #"{"max":1.0}"#), ("retry", #"{"max":1,"a":2}"#),
        ("retry", #"{"max":1,"intervals":[1.5]}"#), ("retry", "{"), ("at_front", "yes"),
        ("webhooks", "https://secret.example"), ("webhooks", #"{"url":"https://secret.example"}"#),
        ("webhooks", #"["https://secret.example"]"#), ("webhooks", #"[{"url":"https://secret.example"}]"#),
        ("webhooks", #"[{"url":"https://secret.example","job_status":"stopped"}]"#),
        ("webhooks", #"[{"url":"https://secret.example","job_status":"failed","method":"PUT"}]"#),
        ("webhooks", #"[{"url":"https://secret.example","job_status":"failed","headers":["secret"]}]"#),
        ("webhooks", #"[{"url":"https://secret.example","job_status":"failed","headers":{"a":1}}]"#),
        ("webhooks", #"[{"url":"https://secret.example","job_status":"failed","timeout":"1"}]"#),
        ("webhooks", #"[{"url":"https://secret.example","job_status":"failed","secret":1}]"#),
        ("webhooks", #"[{"job_status":"failed"}]"#),
    ])
    func `a hash that holds no such option is refused with its field, and without secrets`(
        field: String, value: String
    ) throws {
        var fields = CronJobHash.example().encode().map { (field: Array($0.field.name.utf8), value: $0.value) }
        fields.append((field: Array(field.utf8), value: Array(value.utf8)))
        let error = #expect(throws: RQWireError.self) { try CronJobHash(fields: fields) }
        #expect(error?.field == field)
        #expect(!String(describing: error).contains("secret"))
    }

    @Test func `a webhook needs no more than RQ asks for`() throws {
        var fields = CronJobHash.example().encode().map { (field: Array($0.field.name.utf8), value: $0.value) }
        let value = #"[{"job_status":"failed","url":"http://h","headers":null}]"#
        fields.append((field: Array("webhooks".utf8), value: Array(value.utf8)))
        let webhooks = try CronJobHash(fields: fields).webhooks
        #expect(webhooks == [JobWebhook(url: "http://h", event: .failed, method: .get, timeout: .seconds(10))])
    }

    @Test func `every option comes back from the hash that holds it, and none is there where none was given`() throws {
        let options = CronJobHash.example("m") {
            $0.retry = JobRetry(max: 3, intervals: [.seconds(10), .seconds(60)])
            $0.onSuccess = "a.b"
            $0.onFailure = "c.d"
            $0.onStopped = "e.f"
            $0.webhooks = [JobWebhook(url: "http://h", event: .failed, method: .post, headers: ["b": "1", "a": "2"])]
            $0.atFront = true
            $0.plannedTimeArgument = "at"
        }
        let encoded = options.encode()
        let texts = Dictionary(
            uniqueKeysWithValues: encoded.map { ($0.field.name, String(decoding: $0.value, as: UTF8.self)) })
        #expect(texts["retry"] == #"{"max":3,"intervals":[10,60]}"#)
        #expect(
            texts["webhooks"]
                == #"[{"url":"http://h","job_status":"failed","method":"POST","headers":{"a":"2","b":"1"},"timeout":10}]"#
        )
        #expect(texts["at_front"] == "1")
        #expect(
            try CronJobHash(fields: encoded.map { (field: Array($0.field.name.utf8), value: $0.value) }) == options)
        let plain = Set(CronJobHash.example().encode().map(\.field.name))
        #expect(plain.isDisjoint(with: CronJobHash.Field.ourSpec.map(\.name)))
    }

    @Test func `a call without options carries none, whatever was set in between`() {
        var call = CallSpec("m.f", queue: "q")
        #expect(call.options == nil)
        call.atFront = true
        call.retry = JobRetry(max: 1)
        #expect(call.options != nil && call.atFront && call.retry?.max == 1)
        call.atFront = false
        call.retry = nil
        #expect(call.options == nil && call == CallSpec("m.f", queue: "q"))
    }

    @Test func `a webhook prints itself without what may be secret`() {
        let webhook = JobWebhook(
            url: "https://user:secret@h:1/path?token=secret#secret", event: .finished, method: .post,
            headers: ["Authorization": "secret"])
        #expect("\(webhook)" == "finished: POST https://h:1/path?…")
        #expect(!"\(CallSpec("m.f", queue: "q", webhooks: [webhook]))".contains("secret"))
        #expect("\(JobWebhook(url: "secret", event: .failed))" == "failed: GET a URL that cannot be used")
    }

    // MARK: The planned time

    @Test func `each run gets its own planned time, and a template that others share`() throws {
        let definition = try PreparedDefinition.example(.example { $0.plannedTimeArgument = "at" })
        let call = CallSpec("app.tasks.rebuild", queue: "metrics", args: ["pm25"], plannedTimeArgument: "at")
        for seconds in [0, 300] {
            let planned = Timestamp.newYear + .seconds(seconds)
            let payload = JobPayload(call.planned(for: planned))
            #expect(definition.texts(planned: planned).data == payload.data)
            let description = String(decoding: definition.texts(planned: planned).description, as: UTF8.self)
            #expect(description == "app.tasks.rebuild('pm25', at='\(planned.wireFormat)')")
        }
    }

    @Test func `runs of other definitions are sent as they were loaded`() throws {
        let definition = try PreparedDefinition.example()
        #expect(definition.texts(planned: .newYear).data == definition.texts.data)
        #expect(definition.texts(planned: .newYear).description == definition.texts.description)
    }
}

extension CronJobHash {
    fileprivate static func example(_ id: String, _ change: (inout CronJobHash) -> Void) -> CronJobHash {
        .example(id, queue: "metrics", change)
    }
}
