import RQWire
import RedisCronTesting
import Testing

@testable import RedisCron

/// How runs are written into Redis.
@Suite struct RunCodecTests {
    private static let at = Timestamp.newYear + .microseconds(123_456)
    private static let terms = RunTerms(queue: #"a"b"#, resultTTL: 500, failureTTL: nil, ttl: 60, retries: 2)

    private static func run(
        _ id: String = "nightly", planned: Timestamp? = .newYear, job: RQJobID? = nil, history: Int? = nil
    ) -> TrackedRun {
        let definition = DefinitionID(id)
        return TrackedRun(
            definition: definition,
            jobID: job ?? planned.map { .planned(definition: definition.bytes, at: $0) } ?? .random(), planned: planned,
            at: at, reason: planned == nil ? .trigger : .schedule, terms: terms, history: history)
    }

    @Test(arguments: [
        run(), run(planned: nil), run(job: .random()), run(#"quote " and \ and é"#, history: 3),
        run("", planned: Timestamp(microseconds: -5)),
    ])
    func `a member that was written is read again`(run: TrackedRun) {
        #expect(TrackedRun(member: run.member) == run)
    }

    @Test func `the job's id is left out where it follows from the planned time`() {
        let own = Self.run()
        let other = Self.run(job: .random())
        #expect(!String(decoding: own.member, as: UTF8.self).contains(own.jobID.description))
        #expect(String(decoding: other.member, as: UTF8.self).contains(other.jobID.description))
    }

    @Test(arguments: ["a", "ab", "a\",1", "a,", "", "é", "[", "\u{0}"])
    func `the range of a definition has its members and no others`(id: String) {
        let range = TrackedRun.range(of: DefinitionID(id))
        func isInside(_ member: [UInt8]) -> Bool {
            !member.lexicographicallyPrecedes(range.from.dropFirst())
                && member.lexicographicallyPrecedes(range.to.dropFirst())
        }
        for other in ["a", "ab", "a\",1", "a,", "", "é", "[", "\u{0}"] {
            #expect(isInside(Self.run(other).member) == (other == id))
        }
        #expect(isInside(Self.run(id, planned: nil).member))
    }

    private static func ending(_ outcome: RunOutcome, _ change: (inout RunEnding) -> Void = { _ in }) -> RunEnding {
        var ending = RunEnding(outcome)
        change(&ending)
        return ending
    }

    private static let endings = [
        ending(.finished), ending(.deleted) { $0.isInferred = true },
        ending(.failed) {
            ($0.started, $0.ended, $0.attempts) = (at + .seconds(1), at + .microseconds(5_000_001), 3)
            ($0.worker, $0.error) = ("w\"1", "ValueError: é\n")
        },
        ending(.stopped) { $0.started = at - .seconds(5) }, ending(.expired) { $0.worker = "w" },
        ending(.lost) { $0.error = "e" },
    ]

    @Test(arguments: endings)
    func `an ended run that was written is read again`(ending: RunEnding) {
        for run in [Self.run(), Self.run(planned: nil), Self.run(job: .random())] {
            let ended = EndedRun(run, ending)
            let read = EndedRun(ended.bytes)
            #expect(read == ended)
            #expect(read?.jobID(of: run.definition) == run.jobID.description)
        }
    }

    @Test func `a portion is read as it was written, and what is no run is left out`() {
        let portion = RunPortion([Self.run(), Self.run(planned: nil), Self.run(job: .random())])
        #expect(RunPortion(portion.bytes)?.runs == portion.runs)
        #expect(RunPortion(portion.bytes) == portion)
        let damaged = Array("[1,".utf8) + portion.bytes.dropFirst()
        #expect(RunPortion(damaged)?.runs == portion.runs)
        #expect(RunPortion(damaged)?.bytes == damaged)
        #expect(RunPortion(damaged) != portion)
        #expect(RunPortion(Array("{}".utf8)) == nil)
        #expect(RunPortion.mayHold(portion.bytes, runsOf: portion.runs[0].definition))
        for other in ["", "x", "schedule"] { #expect(!RunPortion.mayHold(portion.bytes, runsOf: DefinitionID(other))) }
        #expect(RunPortion.portions(of: (0..<401).map { _ in Self.run() }).map(\.runs.count) == [200, 200, 1])
    }

    @Test func `a run of the schedule that succeeded takes little room`() {
        let ending = Self.ending(.finished) {
            ($0.started, $0.ended, $0.attempts) = (
                Self.at + .microseconds(150_023), Self.at + .microseconds(1_500_234), 1
            )
            $0.worker = "0123456789abcdef0123456789abcdef"
        }
        #expect(EndedRun(Self.run(), ending).bytes.count <= 110)
    }

    @Test(arguments: [
        "", "[]", "{}", "null", "[1,2,3,4]", #"["done",1,2,"schedule"]"#, #"["finished","x",2,"schedule"]"#,
        #"["finished",1,2,"why"]"#, #"["finished",1,2,"schedule",0,0,1,"w","j","e",1]"#, "\u{FF}",
    ])
    func `what is no entry is not read`(text: String) {
        let bytes = Array(text.utf8)
        #expect(EndedRun(bytes) == nil)
        #expect(TrackedRun(member: bytes) == nil)
        #expect(RefusedTimes(bytes) == nil)
        #expect(RunLogEntry(bytes) == nil)
    }

    @Test func `refused times are joined and counted to a thousand`() {
        let first = RefusedTimes(.overlap, first: .newYear, last: .newYear, count: 1, at: Self.at)
        let later = RefusedTimes(
            .overlap, first: .newYear + .seconds(60), last: .newYear + .seconds(120), count: 2,
            at: Self.at + .seconds(120))
        let joined = first.joined(with: later)
        #expect(joined.first == .newYear)
        #expect(joined.last == .newYear + .seconds(120))
        #expect(joined.count == 3)
        #expect(joined.isExact)
        #expect(RefusedTimes(joined.bytes) == joined)
        let many = RefusedTimes(.overlap, first: .newYear, last: .newYear, count: 999, at: Self.at)
        #expect(many.joined(with: first).isExact)
        #expect(!many.joined(with: later).isExact)
        #expect(many.joined(with: later).count == 1_000)
        // What is known is not taken back.
        let missed = RefusedTimes(.overlap, first: .newYear, last: .newYear, count: 5_000, at: Self.at)
        #expect(missed.joined(with: later).count == 5_000 && !missed.joined(with: later).isExact)
    }
}
