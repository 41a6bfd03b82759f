import RQWire
import Testing

@Suite struct CronJobHashTests {
    private func fields(_ changes: [String: String?] = [:]) -> [(field: [UInt8], value: [UInt8])] {
        var fields: [String: String] = [
            "id": "metric:pm25", "func_name": "app.tasks.rebuild", "queue_name": "metrics", "enabled": "1",
            "interval": "300",
            "args": #"["pm25"]"#,
        ]
        for (name, value) in changes { fields[name] = value }
        return fields.map { (field: Array($0.key.utf8), value: Array($0.value.utf8)) }
    }

    @Test func `a definition is written in Python's order and form`() {
        let time = Timestamp(unixSeconds: 1_780_465_200)
        let hash = CronJobHash(
            id: "metric:pm25",
            CallSpec("app.tasks.rebuild", queue: "metrics", args: ["pm25", 1.0], resultTTL: .seconds(0)),
            ScheduleSpec(interval: .seconds(300)), nextEnqueueTime: time, createdAt: time, updatedAt: time)
        let texts = hash.encode().map { "\($0.field.name)=\(String(decoding: $0.value, as: UTF8.self))" }
        #expect(
            texts == [
                "id=metric:pm25", "func_name=app.tasks.rebuild", "queue_name=metrics", #"args=["pm25",1.0]"#,
                "kwargs={}",
                "interval=300", "cron=", "latest_enqueue_time=", "next_enqueue_time=2026-06-03T05:40:00.000000Z",
                "created_at=2026-06-03T05:40:00.000000Z", "updated_at=2026-06-03T05:40:00.000000Z", "enabled=1",
                "job_timeout=",
                "result_ttl=0", "ttl=", "failure_ttl=", "meta={}",
            ])
    }

    @Test func `the field for a time zone is only written if there is one`() throws {
        var hash = CronJobHash(id: "a", CallSpec("m.f", queue: "q", resultTTL: nil), ScheduleSpec(cron: "0 0 * * *"))
        #expect(!hash.encode().contains { $0.field == .timeZone })
        hash.timeZone = "Europe/Moscow"
        #expect(hash.encode().last.map { $0.field == .timeZone && $0.value == Array("Europe/Moscow".utf8) } == true)
        #expect(try CronJobHash(fields: fields(["timezone": "Europe/Moscow"])).timeZone == "Europe/Moscow")
        #expect(try CronJobHash(fields: fields(["timezone": ""])).timeZone == nil)
    }

    @Test func `absent and empty optional fields are the same`() throws {
        let names = [
            "args", "kwargs", "interval", "cron", "latest_enqueue_time", "next_enqueue_time", "created_at",
            "updated_at",
            "job_timeout", "result_ttl", "ttl", "failure_ttl", "meta",
        ]
        let absent = try CronJobHash(fields: fields(["args": nil, "interval": nil]))
        let empty = try CronJobHash(fields: fields(Dictionary(uniqueKeysWithValues: names.map { ($0, "") })))
        #expect(absent == empty)
        #expect(
            absent == CronJobHash(id: "metric:pm25", CallSpec("app.tasks.rebuild", queue: "metrics", resultTTL: nil)))
    }

    @Test func `an interval of 0 beside an expression means none, as in RQ`() throws {
        #expect(try CronJobHash(fields: fields(["interval": "0", "cron": "@daily"])).interval == nil)
        #expect(try CronJobHash(fields: fields(["interval": "0", "cron": ""])).interval == .zero)
        #expect(try CronJobHash(fields: fields(["interval": "5", "cron": "@daily"])).interval == .seconds(5))
    }

    @Test func `unknown fields are ignored, whatever they contain`() throws {
        let other: [(field: [UInt8], value: [UInt8])] = [
            (field: [0xFF], value: [0xFE]), (field: Array("owner".utf8), value: [0xFF]),
        ]
        #expect(try CronJobHash(fields: fields() + other) == CronJobHash(fields: fields()))
    }

    @Test(arguments: [("0", false), ("1", true), ("2", true), ("-1", true), (" 1 ", true), ("00", false)])
    func `enabled is read as Python's bool of int`(text: String, expected: Bool) throws {
        #expect(try CronJobHash(fields: fields(["enabled": text])).enabled == expected)
    }

    @Test(arguments: ["id", "func_name", "queue_name", "enabled"])
    func `a missing field that Python needs too is named in the error`(name: String) {
        let error = #expect(throws: RQWireError.self) { try CronJobHash(fields: fields([name: nil])) }
        #expect(error?.code == .missingField)
        #expect(error?.field == name)
    }

    @Test(arguments: [
        ("id", "", "an id"), ("func_name", "rebuild", "dotted name"), ("func_name", ".f", "dotted name"),
        ("func_name", "m.", "dotted name"), ("interval", "soon", "an integer"), ("interval", "1.5", "an integer"),
        ("interval", "99999999999999999999", "within 64 bits"), ("enabled", "", "1 or 0"),
        ("enabled", "true", "1 or 0"),
        ("args", "{}", "a JSON array"), ("args", "[1", "a JSON array"), ("args", "nope", "at byte 0"),
        ("kwargs", "[]", "a JSON object"), ("meta", "null", "a JSON object"), ("created_at", "yesterday", "a UTC time"),
        ("next_enqueue_time", "2026-02-30T00:00:00Z", "a UTC time"), ("result_ttl", "+", "an integer"),
        ("failure_ttl", "--1", "an integer"), ("ttl", "0x10", "an integer"), ("job_timeout", "1_", "an integer"),
    ])
    func `a malformed field is an error with its text and what was expected`(
        name: String, text: String, expected: String
    ) {
        let error = #expect(throws: RQWireError.self) { try CronJobHash(fields: fields([name: text])) }
        #expect(error?.code == .field)
        #expect(error?.field == name)
        #expect(error?.text == "'\(text)'")
        #expect(error?.description.contains(expected) == true, "\(error as Any)")
    }

    @Test(arguments: ["id", "func_name", "queue_name", "cron", "timezone", "args"])
    func `text that is not UTF-8 is refused`(name: String) {
        let error = #expect(throws: RQWireError.self) {
            try CronJobHash(fields: fields() + [(field: Array(name.utf8), value: [0x22, 0xFF, 0x22])])
        }
        #expect(error?.field == name)
    }
}
