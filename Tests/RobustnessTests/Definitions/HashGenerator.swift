import TestSupport

/// Writes the hashes of definitions: sound ones, ones with one certain fault, and wild ones.
struct HashGenerator {
    /// A hash, and what must become of it.
    struct Generated {
        var fields: [(field: String, value: [UInt8])]
        let expectation: Expectation
    }

    enum Expectation: Equatable {
        /// It is a definition.
        case usable
        /// It is refused, and the refusal names this field.
        case refused(field: String)
        /// Either; a refusal names some field.
        case open
    }

    private(set) var random: SeededGenerator
    private var number = 0

    init(random: SeededGenerator) {
        self.random = random
    }

    /// The next hash; its `id` is `definition:NUMBER` unless that is its fault.
    mutating func next() -> (id: String, hash: Generated) {
        number += 1
        let id = "definition:\(number)"
        var fields = soundFields(id)
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<3: return (id, Generated(fields: shuffled(fields), expectation: .usable))
        case 3..<7:
            let field = damage(&fields)
            return (id, Generated(fields: shuffled(fields), expectation: .refused(field: field)))
        default:
            for _ in 0..<Int.random(in: 1...4, using: &random) { disturb(&fields) }
            return (id, Generated(fields: shuffled(fields), expectation: .open))
        }
    }

    private mutating func soundFields(_ id: String) -> [(field: String, value: [UInt8])] {
        let usesCron = Bool.random(using: &random)
        let cron = pick(["*/5 * * * *", "0 9 * * mon#1", "H H * * *", "@daily", "0 0 L * *", "* * * * * */7"])
        let texts: [(String, String)] = [
            ("id", id), ("func_name", pick(["app.tasks.rebuild", "a.b", "módulo.función", "a.b.c.d"])),
            ("queue_name", pick(["metrics", "q", "high priority", "очередь"])),
            (
                "args",
                pick(["[]", "[1,1.0,null,true]", #"["pm25",{"a":[NaN]}]"#, "[123456789012345678901234567890]", ""])
            ),
            ("kwargs", pick(["{}", #"{"deep":true}"#, #"{"é":"\ud800"}"#, ""])),
            ("interval", usesCron ? "" : pick(["1", "300", " 5 ", "+60", "1_000", "31536000000"])),
            ("cron", usesCron ? cron : ""),
            ("latest_enqueue_time", pick(["", "2026-01-01T00:00:00.000000Z", "2026-01-01T00:00:00Z"])),
            ("next_enqueue_time", pick(["", "2026-01-01T00:05:00.123456Z", "9999-12-31T23:59:59.999999Z"])),
            ("created_at", pick(["2025-12-31T23:59:59.999999Z", ""])), ("updated_at", "2025-12-31T23:59:59.999999Z"),
            ("enabled", pick(["1", "0"])), ("job_timeout", pick(["", "60", "-1", "2147483647"])),
            ("result_ttl", pick(["", "500", "0", "-1"])), ("ttl", pick(["", "1", "3600"])),
            ("failure_ttl", pick(["", "31536000", "-1"])), ("meta", pick(["{}", #"{"by":"me"}"#, ""])),
            ("timezone", pick(["", "UTC", "Europe/Berlin", "Australia/Lord_Howe"])),
            ("retry", pick(["", #"{"max":1}"#, #"{"intervals":[0,60],"max":9223372036854775807}"#])),
            ("on_failure", pick(["", "app.tasks.failed"])), ("at_front", pick(["", "1", "0"])),
            ("webhooks", pick(["", "[]", #"[{"job_status":"failed","url":"http://h","headers":null}]"#])),
            ("planned_time_arg", pick(["", "planned_at", "größe"])),
            ("unknown", pick(["", "\u{1}", "x"])),
        ]
        return texts.map { ($0.0, Array($0.1.utf8)) }
    }

    /// Puts one thing into a sound hash that nobody could run.
    ///
    /// - Returns: The field that a refusal must name.
    private mutating func damage(_ fields: inout [(field: String, value: [UInt8])]) -> String {
        if Int.random(in: 0..<5, using: &random) == 0 {
            let field = pick(["id", "func_name", "queue_name", "enabled"])
            fields.removeAll { $0.field == field }
            return field
        }
        let (field, value) = pick(Self.faults)
        set(field, value, in: &fields)
        // Exactly one of the two is given, so that nothing else is wrong.
        if field == "cron" { set("interval", [], in: &fields) }
        if field == "interval" { set("cron", [], in: &fields) }
        return field
    }

    private mutating func disturb(_ fields: inout [(field: String, value: [UInt8])]) {
        let index = Int.random(in: 0..<fields.count, using: &random)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: if fields.count > 1 { fields.remove(at: index) }
        case 1: fields[index].value = (0..<Int.random(in: 0...40, using: &random)).map { _ in byte() }
        case 2: fields[index].value = pick(fields).value
        case 3: fields[index].value += [byte()]
        case 4: fields[index].value = pick(Self.faults).value
        default:
            let length = Int.random(in: 1...20_000, using: &random)
            fields[index].value = Array(repeatElement(pick(Array("[{\"0- *,9\0".utf8)), count: length))
        }
    }

    private mutating func byte() -> UInt8 { .random(in: 0...255, using: &random) }

    private func set(_ field: String, _ value: [UInt8], in fields: inout [(field: String, value: [UInt8])]) {
        for index in fields.indices where fields[index].field == field { fields[index].value = value }
    }

    private mutating func shuffled(
        _ fields: [(field: String, value: [UInt8])]
    ) -> [(field: String, value: [UInt8])] {
        Bool.random(using: &random) ? fields : fields.shuffled(using: &random)
    }

    private mutating func pick<Element>(_ choices: [Element]) -> Element {
        choices[Int.random(in: choices.indices, using: &random)]
    }

    /// Values that no definition can have, by field.
    private static let faults: [(field: String, value: [UInt8])] = {
        let notUTF8: [UInt8] = [0x61, 0xFF, 0xC0, 0x80]
        let deep = String(repeating: "[", count: 100_000)
        var faults: [(String, [UInt8])] = [("id", notUTF8), ("id", Array("another".utf8)), ("id", [])]
        let texts: [(String, [String])] = [
            ("func_name", ["", "nodots", ".a", "a..b", "a.", "a b.c", "a.b\0", "1.2", "a.b()"]),
            ("queue_name", [""]),
            ("args", ["{}", "1", "null", "[", "[1,]", "(1,)", "[1] x", deep, #""text""#]),
            ("kwargs", ["[]", "{1:2}", "{'a':1}", #"{"a"}"#, "true", #"{"a":1"#]),
            ("meta", ["[]", "x", #"{"a":}"#]),
            (
                "interval",
                [
                    "0", "-5", "1.5", "ten", "99999999999999999999", "31536000001", "1e3", "0x10", "1__0",
                    "9223372036854775807",
                ]
            ),
            (
                "cron",
                [
                    "* * * *", "61 * * * *", "0 0 31 2 *", "0 0 15W * 0", "x", "@reboot", "*/0 * * * *",
                    String(repeating: "9,", count: 50_000) + " * * * *", "\u{1B}[2J * * * *",
                ]
            ),
            ("timezone", ["Mars/Olympus", "../../etc/passwd", "/etc/localtime", "europe/berlin", " UTC", "posix/UTC"]),
            ("enabled", ["", "yes", "-", "[]"]),
            ("job_timeout", ["0", "1.5", "never", "-2", "2147483648", "99999999999999999999"]),
            ("ttl", ["0", "-1", "x"]), ("result_ttl", ["x", "1e9", "-2"]),
            ("failure_ttl", ["{}", "9223372036854775807", "99999999999999999999"]),
            (
                "retry",
                ["1", "[]", #"{"max":0}"#, #"{"max":1,"intervals":[-1]}"#, #"{"max":1,"intervals":{}}"#, deep]
            ),
            ("on_failure", ["failed", "a.b()", "."]), ("at_front", ["yes", "1.0"]),
            (
                "webhooks",
                ["{}", "[1]", #"[{"url":"http://h"}]"#, #"[{"url":"h","job_status":"failed"}]"#, deep, "["]
            ),
            ("planned_time_arg", ["1", "a.b", "class", "a b"]),
            ("created_at", ["yesterday", "2026-13-01T00:00:00Z", "2026-01-01"]),
            ("next_enqueue_time", ["1767225600", "2026-01-01T00:00:00+01:00", "10000-01-01T00:00:00Z"]),
            ("latest_enqueue_time", ["2026-02-30T00:00:00Z"]), ("updated_at", ["now", "\0"]),
        ]
        for (field, values) in texts { faults += values.map { (field, Array($0.utf8)) } }
        for field in [
            "func_name", "queue_name", "args", "kwargs", "meta", "cron", "timezone", "interval", "enabled", "retry",
            "on_failure", "webhooks", "planned_time_arg",
        ] {
            faults.append((field, notUTF8))
        }
        return faults.map { (field: $0.0, value: $0.1) }
    }()
}
