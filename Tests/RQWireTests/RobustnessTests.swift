import Foundation
import RQWire
import TestSupport
import Testing

/// Nothing in Redis may crash the process, hang it or exhaust its memory.
@Suite(.timeLimit(.minutes(2))) struct RobustnessTests {
    /// Runs on a thread with the smallest stack that a platform gives to threads by default (macOS: 512 KiB).
    private func onSmallStack(_ body: @escaping @Sendable () -> Bool) async -> Bool {
        await withCheckedContinuation { continuation in
            let thread = Thread { continuation.resume(returning: body()) }
            thread.stackSize = 512 * 1024
            thread.start()
        }
    }

    @Test(arguments: ["[", "{\"a\":"])
    func `the deepest value is read, compared, written and released on a small stack`(opening: String) async throws {
        let closing = opening == "[" ? "]" : "}"
        let depth = JSONValue.maximalDepth
        let innermost = opening == "[" ? "" : "1"
        let text = String(repeating: opening, count: depth) + innermost + String(repeating: closing, count: depth)
        let succeeded = await onSmallStack {
            guard let value = try? JSONValue(parsing: text), let other = try? JSONValue(parsing: text) else {
                return false
            }
            guard value == other, value.hashValue == other.hashValue, value.wireText == text else { return false }
            let payload = JobPayload(
                CallSpec("m.f", queue: "q", args: [value], kwargs: ["a": value], meta: ["a": value]))
            return payload.description.count > 75 && value.pythonRepr.utf8.count >= 2 * depth
        }
        #expect(succeeded)
    }

    @Test(arguments: ["[", "{\"a\":", "[{\"a\":"])
    func `unlimited nesting is refused at the limit`(opening: String) {
        let text = String(repeating: opening, count: 2_000_000 / opening.count)
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
        #expect(error?.code == .tooDeep)
    }

    @Test(.seeded) func `random bytes are refused or read, and never crash the process`() {
        var generator = SeededGenerator.ofTest()
        for _ in 0..<2_000 {
            let bytes = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            for field in CronJobHash.Field.all {
                _ = try? CronJobHash(fields: [(field: Array(field.name.utf8), value: bytes)])
            }
            _ = try? JSONValue(parsing: [0x22] + bytes + [0x22])
            _ = RQJobID.planned(
                definition: bytes, at: Timestamp(microseconds: .random(in: .min ... .max, using: &generator)))
        }
    }

    @Test func `reading time is linear in the number of keys and digits`() throws {
        let keys = "{" + (0..<100_000).map { "\"key\($0)\":0" }.joined(separator: ",") + "}"
        guard case .object(let object) = try JSONValue(parsing: keys) else {
            Issue.record("no object was read")
            return
        }
        #expect(object.count == 100_000)
        #expect(throws: JSONError.self) { try JSONValue(parsing: String(repeating: "1", count: 1_000_000)) }
        let fraction = try JSONValue(parsing: "0." + String(repeating: "3", count: 1_000_000))
        #expect(fraction == .double(1.0 / 3.0))
        let text = String(repeating: "é", count: 1_000_000)
        let payload = JobPayload(CallSpec("m.f", queue: "q", args: [.string(text)]))
        #expect(payload.description.count == Array("m.f('".utf8).count + 74 * 2 + Array("...)".utf8).count)
        #expect(payload.data.count < 100_000)
    }

    @Test func `an error quotes only a short part of a large field`() {
        let fields = [(field: Array("args".utf8), value: [UInt8](repeating: 0x5B, count: 5_000_000))]
        let error = #expect(throws: RQWireError.self) { try CronJobHash(fields: fields) }
        #expect((error?.description.utf8.count).map { $0 < 400 } == true)
        #expect(error?.cause?.code == .tooDeep)
    }
}
