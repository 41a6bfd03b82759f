import RQWire
import Testing

@Suite struct RQJobIDTests {
    @Test func `an id is read in its own form only`() {
        let id = RQJobID.random()
        let text = id.description
        #expect(RQJobID(text) == id)
        for other in ["", "x", text.uppercased(), String(text.dropLast()), text + "0", text.filter { $0 != "-" }] {
            #expect(RQJobID(other) == nil, "\(other)")
        }
    }

    @Test func `a planned run has the version 5 UUID of definition and planned time`() {
        let time = Timestamp(unixSeconds: 1_780_465_200)
        let id = RQJobID.planned(definition: "metric:pm25", at: time)
        // uuid.uuid5(UUID("6f1c2f0a-5e5b-5c55-9d0b-1f6f0e7a3c11"), "metric:pm25|2026-06-03T05:40:00.000000Z")
        #expect(id.description == "dca71b10-e10a-508f-a8c0-7c9470da1622")
        #expect(id == RQJobID.planned(definition: Array("metric:pm25".utf8), at: time))
        #expect(id != RQJobID.planned(definition: "metric:pm25", at: time + .microseconds(1)))
        #expect(id.bytes == Array(id.description.utf8))
        var bytes = Array("rq:job:".utf8)
        id.append(to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == RQKeys().job(id))
    }

    @Test func `random ids are version 4 UUIDs in lower case, and all differ`() {
        let ids = (0..<1000).map { _ in RQJobID.random() }
        #expect(Set(ids).count == ids.count)
        for id in ids {
            #expect(
                id.description.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/)
                    != nil)
        }
    }

    @Test func `a random id takes all bits but the fixed ones from the generator`() {
        var zeros = ConstantGenerator(value: 0)
        #expect(RQJobID.random(using: &zeros).description == "00000000-0000-4000-8000-000000000000")
        var ones = ConstantGenerator(value: .max)
        #expect(RQJobID.random(using: &ones).description == "ffffffff-ffff-4fff-bfff-ffffffffffff")
    }
}

private struct ConstantGenerator: RandomNumberGenerator {
    let value: UInt64

    mutating func next() -> UInt64 { value }
}
