import RQWire
import RedisCron
import Testing

@testable import rqrcron

@Suite struct EndWindowTests {
    private static let now = Timestamp(unixSeconds: 1_780_272_000)

    /// An entry of a run that was queued and over that many seconds after the present.
    private func entry(_ seconds: Double, _ outcome: RunOutcome = .finished) -> [UInt8] {
        let at = Self.now + .seconds(seconds - 5)
        let run = TrackedRun(
            definition: DefinitionID("a"), jobID: .planned(definition: "a", at: at), planned: at, at: at,
            reason: .schedule,
            terms: RunTerms(queue: "q", resultTTL: 500, failureTTL: nil, ttl: nil, retries: 0), history: nil)
        var ending = RunEnding(outcome)
        ending.ended = Self.now + .seconds(seconds)
        return EndedRun(run, ending).bytes
    }

    /// Looks once: what is in the index, by id, with the list of each.
    private func look(_ window: inout EndWindow, _ seconds: Double, _ held: [(id: String, list: [[UInt8]])]) -> [String]
    {
        let entries = held.map { id, list in
            // The score is that of the end that was recorded last.
            let end = list.first.flatMap { EndedRun($0)?.ending.ended } ?? Self.now
            return (id: DefinitionID(id), score: String(end.score))
        }
        let ids = window.update(entries, now: Self.now + .seconds(seconds))
        let lists = Dictionary(held.map { (DefinitionID($0.id), $0.list) }) { first, _ in first }
        return window.take(ids.map { lists[$0] ?? [] }, of: ids).map { "\($0.id) \($0.outcome?.rawValue ?? "")" }
    }

    @Test func `what was over before is not told, and each end once`() {
        var window = EndWindow(now: Self.now)
        #expect(look(&window, 0, [("a", [entry(-10)]), ("b", [entry(-20)])]) == [])
        #expect(look(&window, 1, [("a", [entry(0.5, .failed), entry(-10)]), ("b", [entry(-20)])]) == ["a failed"])
        #expect(look(&window, 2, [("a", [entry(0.5, .failed), entry(-10)]), ("b", [entry(-20)])]) == [])
    }

    @Test func `an end that is recorded late is told`() {
        var window = EndWindow(now: Self.now)
        _ = look(&window, 0, [("a", [entry(-10)])])
        // Of a definition that was looked at, and of one that was not.
        #expect(
            look(&window, 1, [("b", [entry(-60, .lost)]), ("a", [entry(-30), entry(-40), entry(-10)])]).sorted() == [
                "a finished", "a finished", "b lost",
            ])
    }

    @Test func `a definition that comes into sight tells only what is new`() {
        var window = EndWindow(now: Self.now)
        #expect(look(&window, 0, []) == [])
        #expect(look(&window, 1, [("a", [entry(0.5), entry(-700), entry(-800)])]) == ["a finished"])
        // Out of sight, and back.
        #expect(look(&window, 700, []) == [])
        #expect(look(&window, 1_400, []) == [])
        #expect(look(&window, 1_401, [("a", [entry(1_400, .stopped), entry(0.5)])]) == ["a stopped"])
    }

    @Test func `where more definitions have ends than are looked at, none is told twice`() {
        var window = EndWindow(now: Self.now)
        let all = (0..<EndWindow.limit).map { number in (id: "d\(number)", list: [entry(-1 - Double(number) / 100)]) }
        #expect(look(&window, 0, all) == [])
        // One that was cut off comes into sight with an old end.
        #expect(look(&window, 1, all.dropLast() + [(id: "x", list: [entry(-100)])]) == [])
        #expect(look(&window, 2, [(id: "y", list: [entry(1.5), entry(-200)])] + all.dropLast()) == ["y finished"])
    }

    @Test func `a run that is brought back and over again is told again`() {
        var window = EndWindow(now: Self.now)
        _ = look(&window, 0, [("a", [entry(-10, .failed)])])
        #expect(look(&window, 1, [("a", [])]) == [])
        #expect(look(&window, 2, [("a", [entry(1.5)])]) == ["a finished"])
    }

    @Test func `a line tells the run in text and in JSON`() throws {
        let at = Self.now
        var run = RunRecord(id: "a\n", planned: at, at: at, reason: .schedule)
        (run.outcome, run.started, run.ended, run.jobID) = (.failed, at + .seconds(1), at + .seconds(4.5), "j1")
        (run.attempts, run.error, run.worker) = (3, "ValueError: no", "w")
        let line = WatchLine(end: run)
        #expect(
            line.text
                == "2026-06-01T00:00:04.500000Z ended    a\\u{A} ✗ failed after 3.5s, 3 attempts: ValueError: no, job j1\n"
        )
        #expect(line.text(TextStyle(isColored: true)).contains(" \u{1B}[31m✗ failed\u{1B}[0m after"))
        let object = try #require(try JSONValue(parsing: line.json).object)
        #expect(object["time"] == "2026-06-01T00:00:04.500000Z" && object["event"] == "ended" && object["id"] == "a\n")
        #expect(object["job_id"] == "j1" && object["outcome"] == "failed" && object["attempts"] == 3)
    }
}
