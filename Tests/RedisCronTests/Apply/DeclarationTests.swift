import RQWire
import Testing

@testable import CronFiles
@testable import RedisCron

@Suite struct JSONDeclarationTests {
    private func parse(_ text: String) throws(RedisCronError) -> CronJobDeclarations {
        try CronJobDeclarations(parsing: Array(text.utf8))
    }

    @Test func `every key of the hash is read`() throws {
        let text = """
            {"source": "metrics", "jobs": [
              {"id": "metric:pm25", "func": "app.tasks.rebuild", "queue": "metrics", "interval": 300, "args": ["pm25", 1.0]},
              {"id": "b", "func_name": "app.b", "queue_name": "q", "cron": "0 7 * * *", "timezone": "Europe/Berlin",
               "kwargs": {"deep": true}, "meta": {"a": null}, "job_timeout": 60, "result_ttl": 0, "ttl": 5,
               "failure_ttl": 6, "enabled": false}
            ]}
            """
        let read = try parse(text)
        #expect(read.source == "metrics")
        let first = CronJobDeclaration(
            id: "metric:pm25", call: CallSpec("app.tasks.rebuild", queue: "metrics", args: ["pm25", 1.0]),
            schedule: ScheduleSpec(interval: .seconds(300)), line: 2)
        let second = CronJobDeclaration(
            id: "b",
            call: CallSpec(
                "app.b", queue: "q", kwargs: ["deep": true], jobTimeout: .seconds(60), resultTTL: .seconds(0),
                ttl: .seconds(5), failureTTL: .seconds(6),
                meta: ["a": nil]), schedule: ScheduleSpec(cron: "0 7 * * *", timeZone: "Europe/Berlin"), enabled: false,
            line: 3)
        #expect(read.jobs == [first, second])
    }

    @Test func `a first run is a time in UTC and goes with an interval`() throws {
        func job(_ fields: String) throws -> CronJobDeclaration {
            let text = "{\"jobs\": [{\"id\": \"a\", \"func\": \"m.f\", \"queue\": \"q\", \(fields)}]}"
            return try #require(try parse(text).jobs.first)
        }
        let time = try Timestamp(parsing: "2026-06-03T05:40:00Z")
        #expect(try job("\"interval\": 60, \"first_run\": \"2026-06-03T05:40:00Z\"").firstRun == time)
        #expect(try job("\"interval\": 60, \"first_run\": null").firstRun == nil)
        for wrong in ["\"2026-06-03\"", "1780465200", "\"\""] {
            let error = #expect(throws: RedisCronError.self) { try job("\"interval\": 60, \"first_run\": \(wrong)") }
            #expect(error?.field == "first_run")
            #expect(error?.description.contains("2026-06-03T05:40:00Z") == true)
        }
    }

    @Test(arguments: [
        ("{\n\"jobs\": [\n{\"id\": \"a\",\n \"func\" \"f\"}]}", 4, "no JSON: expected ':' (column 9)"),
        ("{\"jobs\": [{\"id\": 1, \"b\" 2}]}", 1, "expected ':' (column 25)"),
        ("{\"jobs\": [],\n \"source\": \"a\" 3}", 2, "expected ',' or '}' (column 16)"),
        ("{\"jobs\": [{\"id\": \"a\", \"func\": \"m.f\", \"queue\": \"q\",\n \"intervall\": 3}]}", 2, "unknown key"),
        ("{\"jobs\": [\n{\"id\": \"a\", \"queue\": \"q\"}]}", 2, "func: missing"),
        (
            "{\"jobs\": [\n{\"id\": \"a\", \"func\": \"m.f\", \"queue\": \"q\",\n\"interval\": 1.5}]}", 3,
            "a whole number"
        ),
        ("{\"jobs\": [\n{\"id\": \"a\", \"func\": \"m.f\", \"queue\": \"q\",\n\"args\": {}}]}", 3, "an array"),
        ("{\"jobs\": [\n[]]}", 2, "must be an object"),
        ("{\"jobs\": [],\n\"job\": 1}", 2, "unknown key"),
        ("{\"jobs\": [],\n\"source\": 1}", 2, "a text"),
        ("{\"x\": {\"jobs\": []}}", 1, "unknown key"),
        ("[]", 1, "an object"),
        (
            "{\"jobs\": [\n{\"id\": \"a\", \"func\": \"m.f\", \"queue\": \"q\"},\n{\"id\":\"a\",\"func\":\"m.f\",\"queue\":\"q\"}]}",
            3, "declared before on line 2"
        ),
        ("{\"jobs\": [\n{\"id\": \"a\",\n\"interval\": 1,\n\"interval\": 2}]}", 4, "each key once, not \"interval\""),
        ("{\"jobs\": [\n{\"kwargs\": {\"b\": [{\"c\": 1,\n\"\\u0063\": 2}]}}]}", 3, "each key once, not \"c\""),
        ("{\"jobs\": [],\n\"jobs\": []}", 2, "each key once, not \"jobs\""),
    ])
    func `what is wrong is named with its line`(text: String, line: Int, part: String) {
        let error = #expect(throws: RedisCronError.self) { try parse(text) }
        #expect(error?.line == line)
        #expect(error?.description.contains(part) == true, "\(String(describing: error))")
    }

    @Test(arguments: [
        "{\"jobs\": [{\"id\": \"a\", \"LONG\": 1}]}",
        "{\"jobs\": [{\"id\": \"LONG\\n\"}]}",
        "{\"jobs\": [{\"id\": \"a\", \"func\": [\"LONG\"]}]}",
        "{\"jobs\": [], \"\\u001b[2JLONG\": 1}",
        "a * * * * * q m.f() LONG=1",
        "a * * * * * q m.f(LONG=1, LONG=1)",
        "LONG = 1",
    ])
    func `a message shows no more of a long text than one reads, and nothing that moves a cursor`(text: String) {
        let long = text.replacing("LONG", with: String(repeating: "A", count: 100_000))
        let message = #expect(throws: RedisCronError.self) { try parse(long) }?.description ?? ""
        #expect(message.contains("AAAA"))
        #expect(message.utf8.count < 1_000)
        #expect(message.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
    }

    @Test func `braces, quotes and escapes inside of values do not shift the lines`() throws {
        let text = """
            {"jobs": [{"id": "a{]\\"}", "func": "m.f", "queue": "q", "interval": 1, "args": [[["}"], {"k": "]"}]]},

            {"id": "b", "func": "m.f", "queue": "q", "interval": 1, "args": [-1.5e3, true, null]}, {"\\u0069d": "c",
             "func": "m.f", "queue": "q", "interval": "x"}]}
            """
        let error = #expect(throws: RedisCronError.self) { try parse(text) }
        #expect(error?.line == 4)
        #expect(error?.id == "c")
        #expect(error?.field == "interval")
    }
}

@Suite struct CrontabDeclarationTests {
    private func parse(_ text: String) throws(RedisCronError) -> CronJobDeclarations {
        try CronJobDeclarations(parsing: Array(text.utf8))
    }

    @Test func `the zone of a text is that of exclusions too`() throws {
        let jobs = try CronJobDeclarations(
            crontab: Array(
                """
                CRON_TZ = Europe/Berlin
                a  every 1h  q  m.f()  exclude=["2026-12-25"]
                b  every 1h  q  m.f()  exclude=["2026-12-25"] timezone=UTC
                c  every 1h  q  m.f()  jitter=60
                """.utf8)
        ).jobs
        #expect(jobs.map(\.timeZone) == ["Europe/Berlin", "UTC", nil])
    }

    @Test func `names, schedules, queues and calls are read`() throws {
        let read = try parse(
            """
            # What the dashboard shows.
            SOURCE = metrics

            metric:pm25   every 5m          metrics  app.tasks.rebuild('pm25', deep=True)
            CRON_TZ=Europe/Berlin
            report        0 7 * * mon-fri   mail     app.tasks.report()   job_timeout=60 enabled=false # at seven
            "two words"   @daily            "a b"    app.f({"a": [1, 2.0, None]}, **{"x y": -1}) timezone=Asia/Kolkata
            """)
        #expect(read.source == "metrics")
        #expect(
            read.jobs == [
                CronJobDeclaration(
                    id: "metric:pm25",
                    call: CallSpec("app.tasks.rebuild", queue: "metrics", args: ["pm25"], kwargs: ["deep": true]),
                    schedule: ScheduleSpec(interval: .seconds(300)), line: 4),
                CronJobDeclaration(
                    id: "report", call: CallSpec("app.tasks.report", queue: "mail", jobTimeout: .seconds(60)),
                    schedule: ScheduleSpec(cron: "0 7 * * mon-fri", timeZone: "Europe/Berlin"), enabled: false, line: 6),
                CronJobDeclaration(
                    id: "two words",
                    call: CallSpec("app.f", queue: "a b", args: [["a": [1, 2.0, nil]]], kwargs: ["x y": -1]),
                    schedule: ScheduleSpec(cron: "@daily", timeZone: "Asia/Kolkata"), line: 7),
            ])
    }

    @Test(arguments: [
        ("a every 5m q", "expected a call"),
        ("a every 5x q m.f()", "every 5m"),
        ("a every 0m q m.f()", "every 5m"),
        ("m.f()", "the name, the schedule and the queue are missing"),
        ("a m.f()", "the schedule and the queue are missing"),
        ("a q m.f()", "the schedule is missing"),
        ("@daily q m.f()", "the name is missing"),
        ("a @daily m.f()", "the queue is missing"),
        (
            "*/5 * * * * 0 maint m.f()",
            "the name is missing: a line is a name, a schedule, a queue and a call, and '*/5' "
        ),
        ("*/5 * * * * maint m.f()", "the name is missing"),
        ("0 7 * * mon-fri mail m.f()", "the name is missing"),
        ("H 7 * * mon-fri mail m.f()", "the name is missing"),
        ("every 5m metrics m.f()", "the name is missing"),
        ("@hourly every 5m metrics m.f()", "the name is missing"),
        ("a */5 * * * * m.f()", "the queue is missing: a line is a name, a schedule, a queue and a call, and '*' "),
        ("a */5 * * * * 0 m.f()", "the queue is missing"),
        (
            "a 0 7 * * mon-fri m.f()",
            "the queue is missing: a line is a name, a schedule, a queue and a call, and 'mon-fri' "
        ),
        ("a 0 7 * * * 0 2030 m.f()", "the queue is missing"),
        ("a every 5m m.f()", "the queue is missing"),
        ("a every 5m 0 m.f()", "the queue is missing"),
        ("a * * * * * q m.f(", "expected a value"),
        ("a * * * * * q m.f(1 2)", "',' or ')'"),
        ("a * * * * * q m.f('x)", "closing quote"),
        ("a * * * * * q m.f(a=1, 2)", "keyword argument"),
        ("a * * * * * q m.f(a=1, a=2)", "only once"),
        ("a * * * * * q m.f(a=1, **{'a': 2})", "only once"),
        ("a * * * * * q m.f({'a': 1, 'a': 2})", "each key once, not \"a\""),
        ("a * * * * * q m.f('\\N{BULLET}')", "a character by its number"),
        ("a * * * * * q m.f() ttl=1 ttl=2", "ttl is given twice"),
        ("SOURCE = a\nSOURCE = b", "SOURCE is given twice"),
        ("a * * * * * q m.f() colour=1", "unknown key"),
        ("a * * * * * q m.f() args=[1]", "in the call"),
        ("a * * * * * q m.f() ttl='x'", "a whole number"),
        ("a * * * * * q m.f() huh", "key=value"),
        ("SAUCE = x", "unknown setting SAUCE"),
        ("\"a * * * * * q m.f()", "a text in quotes"),
        ("a * * * * * q m.f()\na * * * * * q m.f()", "declared before on line 2"),
    ])
    func `what is wrong is named with its line`(text: String, part: String) {
        let error = #expect(throws: RedisCronError.self) { try parse("# first\n" + text) }
        #expect(error?.line == 1 + text.split(separator: "\n").count)
        #expect(error?.description.contains(part) == true, "\(String(describing: error))")
    }

    @Test func `text that is not in UTF-8 is refused with its line, a byte order mark is passed over`() throws {
        let line = Array("a every 5m q m.f()\n".utf8)
        let wrong = #expect(throws: RedisCronError.self) {
            try CronJobDeclarations(parsing: line + [0x62, 0xFF] + line)
        }
        #expect(wrong?.description == "line 2: expected UTF-8")
        let utf16 = #expect(throws: RedisCronError.self) {
            try CronJobDeclarations(parsing: [0xFF, 0xFE, 0x7B, 0x00])
        }
        #expect(utf16?.description == "line 1: the file is in UTF-16; save it in UTF-8")
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        #expect(try CronJobDeclarations(parsing: mark + line).jobs.map(\.id) == ["a"])
        #expect(try CronJobDeclarations(parsing: mark + Array("{\"jobs\": []}".utf8)).jobs == [])
    }

    private static let literals: [(String, JSONValue)] = [
        ("'it\\'s'", "it's"), ("\"\\\"\"", "\""), ("'\"'", "\""), ("'\\x41\\u00e9\\U0001F600'", "Aé😀"),
        ("'\\n\\t\\\\'", "\n\t\\"), ("-1", -1), ("1.0", 1.0), ("1e3", 1000.0),
        ("(1, (2,), [])", .array([1, .array([2]), .array([])])),
        ("{'a': {}}", .object(["a": .object([:])])), ("None", nil), ("false", false), ("inf", .double(.infinity)),
        ("123456789012345678901234567890", JSONValue(integer: "123456789012345678901234567890") ?? nil),
    ]

    @Test(arguments: literals)
    func `values are read as Python and JSON write them`(text: String, value: JSONValue) throws {
        let (call, end) = try PythonCall.read(Array("m.f(\(text))".utf8)[...])
        #expect(call == PythonCall(functionName: "m.f", args: [value], kwargs: [:]))
        #expect(end == text.utf8.count + 5)
    }

    @Test func `what is written is read again, in both forms`() throws {
        let jobs = [
            CronJobDeclaration(
                id: "a b",
                call: CallSpec(
                    "m.f", queue: "ü", args: ["it's \"x\"\n\u{1F600}", nil, 1.0, [:]],
                    kwargs: ["a b": [true], "k": .double(.infinity)], jobTimeout: CallSpec.unlimited,
                    resultTTL: .seconds(0),
                    meta: ["m": ["n": 1]]), schedule: ScheduleSpec(interval: .seconds(7))),
            CronJobDeclaration(
                id: "c=d",
                call: CallSpec("m.g", queue: "q", kwargs: ["k": "v"], ttl: .seconds(3), failureTTL: .seconds(4)),
                schedule: ScheduleSpec(cron: "H(0-29) * * * *", timeZone: "UTC"), enabled: false),
            CronJobDeclaration(id: "#e", call: CallSpec("m.h", queue: "q"), schedule: ScheduleSpec(cron: "@hourly")),
            CronJobDeclaration(
                id: "f", call: CallSpec("m.f", queue: "q"), schedule: ScheduleSpec(interval: .seconds(60)),
                firstRun: Timestamp(unixSeconds: 1_780_465_200)),
            // What would pass for a column of the schedule.
            CronJobDeclaration(
                id: "*/5", call: CallSpec("m.f", queue: "0"), schedule: ScheduleSpec(interval: .seconds(60))),
            CronJobDeclaration(
                id: "@daily", call: CallSpec("m.f", queue: "mon-fri"), schedule: ScheduleSpec(cron: "0 7 * * *")),
            CronJobDeclaration(
                id: "every", call: CallSpec("m.f", queue: "2030"), schedule: ScheduleSpec(interval: .seconds(60))),
        ]
        let declared = CronJobDeclarations(source: "mine", jobs: jobs)
        for written in [declared.json(), declared.crontab()] {
            var read = try CronJobDeclarations(parsing: written)
            for index in read.jobs.indices { read.jobs[index].line = nil }
            #expect(read == declared, "\(String(decoding: written, as: UTF8.self))")
        }
    }
}
