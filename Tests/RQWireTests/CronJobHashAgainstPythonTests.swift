import RQWire
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct CronJobHashAgainstPythonTests {
    private func drawHash(_ texts: inout JSONTextGenerator) throws -> CronJobHash {
        func duration(_ seconds: [Int?]) -> Duration? {
            (seconds.randomElement(using: &texts.generator) ?? nil).map { .seconds($0) }
        }
        func time() -> Timestamp {
            Timestamp(microseconds: .random(in: 0...4_102_444_800_000_000, using: &texts.generator))
        }
        guard case .array(let args) = try JSONValue(parsing: texts.argumentsText()),
            case .object(let kwargs) = try JSONValue(parsing: texts.objectText()),
            case .object(let meta) = try JSONValue(parsing: texts.objectText())
        else { throw SupportError("the generator drew something else than an array and two objects") }
        let isInterval = Bool.random(using: &texts.generator)
        return CronJobHash(
            id: ["metric:pm25", "é|日本", "a b"].randomElement(using: &texts.generator) ?? "a",
            CallSpec(
                "json.dumps", queue: ["metrics", "ünïcode"].randomElement(using: &texts.generator) ?? "q", args: args,
                kwargs: kwargs, jobTimeout: duration([nil, -1, 30]), resultTTL: duration([500, -1, 60]),
                ttl: duration([nil, 60]), failureTTL: duration([nil, 0, -1, 100]), meta: meta),
            ScheduleSpec(
                interval: isInterval ? .seconds(Int.random(in: 1...1_000_000, using: &texts.generator)) : nil,
                cron: isInterval ? nil : "*/5 * * * *"), enabled: .random(using: &texts.generator),
            latestEnqueueTime: Bool.random(using: &texts.generator) ? time() : nil, nextEnqueueTime: time(),
            createdAt: time(), updatedAt: time())
    }

    private func line(_ hash: CronJobHash) -> String {
        hash.encode().map { "\($0.field.name) \(WireText.hex($0.value))" }.joined(separator: " ")
    }

    @Test(.seeded) func `rq-rediscron reads our hash and writes the same bytes`() async throws {
        var texts = JSONTextGenerator(generator: .ofTest())
        let hashes = try (0..<1500).map { _ in try drawHash(&texts) }
        try await WireOracle(operation: "definition").compare(
            hashes, asking: line, with: line, showing: { "\($0)" })
        for hash in hashes {
            let fields = hash.encode().map { (field: Array($0.field.name.utf8), value: $0.value) }
            #expect(try CronJobHash(fields: fields) == hash)
        }
    }

    @Test(.seeded) func `integers are read as Python's int reads them`() async throws {
        var generator = SeededGenerator.ofTest()
        let alphabet = Array("0123456789_+- \t\n.ex".utf8)
        var texts = (0..<3000).map { _ in
            (0..<Int.random(in: 1...6, using: &generator)).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
            }
        }
        texts += [
            "9223372036854775807", "-9223372036854775808", " 1_000 ", "0x10", "1__0", "_1", "1_", "\u{1C}1",
            "\u{B}1\u{C}", "007",
            "+ 1", "-", "1\0",
        ].map { Array($0.utf8) }
        try await WireOracle(operation: "int").compare(
            texts, asking: WireText.hex,
            with: { text in
                let fields = [("id", "a"), ("func_name", "m.f"), ("queue_name", "q"), ("enabled", "1")]
                    .map { (field: Array($0.0.utf8), value: Array($0.1.utf8)) }
                let hash = try? CronJobHash(fields: fields + [(field: Array("interval".utf8), value: text)])
                return hash?.interval.map { "\($0.wholeSeconds)" } ?? "error"
            },
            showing: { String(decoding: $0, as: UTF8.self).debugDescription })
    }
}
