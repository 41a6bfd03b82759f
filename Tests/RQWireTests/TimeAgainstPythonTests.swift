import RQWire
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct TimeAgainstPythonTests {
    @Test(.seeded) func `instants, scores and job ids are those of Python`() async throws {
        var generator = SeededGenerator.ofTest()
        let range = Timestamp.earliest.microseconds...Timestamp.latest.microseconds
        var instants = (0..<2000).map { _ in Timestamp(microseconds: .random(in: range, using: &generator)) }
        instants += (0..<1000).map { _ in
            Timestamp(microseconds: .random(in: 0...4_102_444_800_000_000, using: &generator))
        }
        instants += [.earliest, .latest, Timestamp(microseconds: 0)]
        let questions = instants.map { instant in
            let length = Int.random(in: 0...150, using: &generator)
            return (instant, (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) })
        }
        try await WireOracle(operation: "time").compare(
            questions,
            asking: { "\($0.0.microseconds) \(WireText.hex($0.1))" },
            with: { instant, definition in
                let id = RQJobID.planned(definition: definition, at: instant)
                return "\(instant) \(JSONValue.double(instant.score).pythonRepr) \(id)"
            },
            showing: { "\($0.0.microseconds)" })
    }

    @Test(.seeded) func `times as text are read or refused as in Python`() async throws {
        var generator = SeededGenerator.ofTest()
        let alphabet = Array("0123456789-:.TZtz +".utf8)
        let texts = (0..<4000).map { index -> [UInt8] in
            let instant = Timestamp(microseconds: .random(in: 0...4_102_444_800_000_000, using: &generator))
            var text = Array(instant.wireFormat.utf8)
            if index % 4 == 0 { text.removeSubrange(19..<Int.random(in: 20...26, using: &generator)) }
            for _ in 0..<Int.random(in: 0...2, using: &generator) {
                let position = Int.random(in: 0..<text.count, using: &generator)
                let byte = alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: text[position] = byte
                case 1: text.remove(at: position)
                default: text.insert(byte, at: position)
                }
            }
            return text
        }
        try await WireOracle(operation: "parsed-time").compare(
            texts, asking: WireText.hex,
            with: { (try? Timestamp(parsing: $0)).map { "\($0.microseconds)" } ?? "error" },
            showing: { String(decoding: $0, as: UTF8.self) })
    }
}
