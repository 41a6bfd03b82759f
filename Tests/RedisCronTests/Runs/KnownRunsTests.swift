import RQWire
import Testing

@testable import RedisCron

@Suite struct KnownRunsTests {
    private static let id = DefinitionID("a")

    private func at(_ seconds: Double) -> Timestamp { .newYear + .seconds(seconds) }

    private func ended(_ seconds: Double, lasting length: Double = 2) -> EndedRun {
        let run = TrackedRun.recorded(at: seconds)
        return EndedRun(run, .recorded(of: run, lasting: length))
    }

    private func refused(_ first: Double, _ last: Double, count: Int, _ reason: RefusalReason = .overlap)
        -> RefusedTimes
    {
        RefusedTimes(reason, first: at(first), last: at(last), count: count, at: at(last))
    }

    private func log(_ runs: [TrackedRun], removed: [String] = []) -> LoggedRuns {
        LoggedRuns(
            runs.map { run in
                RunLogEntry.bytes(
                    codes: [JobOutcome.queued.rawValue], removed: removed, body: RunLogEntry.body(of: run))
            })
    }

    @Test func `the newest comes first, whatever was over first`() {
        let known = KnownRuns(
            Self.id, ended: [ended(10, lasting: 100), ended(20), ended(5)], open: [.recorded(at: 30)])
        #expect(known.records.map(\.at) == [at(30), at(20), at(10), at(5)])
        #expect(known.records.map(\.isOpen) == [true, false, false, false])
    }

    @Test func `a run in two places is one record, where it stands last`() {
        let run = TrackedRun.recorded(at: 10)
        let over = EndedRun(run, .recorded(.failed, of: run))
        let all = KnownRuns(Self.id, ended: [over], open: [run], log: log([run]))
        #expect(all.records.map(\.outcome) == [.failed])
        let open = KnownRuns(Self.id, open: [run], log: log([run]))
        #expect(open.records.count == 1 && open.records[0].isOpen)
    }

    @Test func `a job's id that is used again is another run`() {
        let job = RQJobID.named(definition: "a", "trigger|k")
        let (first, second) = (
            TrackedRun.recorded(at: 10, reason: .trigger, job: job),
            TrackedRun.recorded(at: 20, reason: .trigger, job: job)
        )
        let known = KnownRuns(Self.id, ended: [EndedRun(first, .recorded(of: first))], log: log([second]))
        #expect(known.records.map(\.jobID) == [job.description, job.description])
        #expect(known.records.map(\.outcome) == [nil, .finished])
    }

    @Test func `what was taken out for another run is canceled before that is recorded`() throws {
        let (old, new) = (TrackedRun.recorded(at: 10), TrackedRun.recorded(at: 20))
        let known = KnownRuns(Self.id, open: [old], log: log([new], removed: [old.jobID.description]))
        #expect(known.records.map(\.outcome) == [nil, .canceled])
        #expect(known.records[1].ended == at(20))
    }

    @Test func `a run of another scheduler is told once, with its time`() throws {
        let known = KnownRuns(Self.id, latest: at(60), ended: [ended(10)])
        let first = try #require(known.records.first)
        #expect(
            first.result == .unknown && first.at == at(60) && first.id == "a" && first.jobID == nil && !first.isOpen)
        #expect(known.records.count == 2)
    }

    @Test(arguments: [10.0, 10.001, 9])
    func `a run that is recorded is not unknown`(latest: Double) {
        let known = KnownRuns(Self.id, latest: at(latest), ended: [ended(10, lasting: 0)])
        #expect(known.records.count == 1)
        #expect(KnownRuns(Self.id, latest: at(latest), open: [.recorded(at: 10)]).records.count == 1)
    }

    @Test func `nothing is unknown where nobody keeps runs`() {
        #expect(KnownRuns(Self.id, latest: at(60)).records.isEmpty)
        #expect(
            KnownRuns(Self.id, latest: at(60), refusals: [refused(1, 2, count: 2)]).records.map(\.result) == [.skipped])
        #expect(KnownRuns(Self.id, latest: at(60), history: 0, ended: [ended(10)]).records.count == 1)
        // A later run that was over before may have been pushed out.
        #expect(KnownRuns(Self.id, latest: at(60), ended: [ended(10, lasting: 100)]).records.count == 1)
    }

    @Test func `refusals of the log join those of the list, once`() {
        let listed = [refused(10, 30, count: 3), refused(1, 2, count: 2, .missed)]
        let body = ",\"at\":\(at(40).microseconds),\"q\":[],\"r\":[[\"a\",0,-1,\"overlap\"]]}"
        let entry = RunLogEntry.bytes(codes: [JobOutcome.overlapping.rawValue], body: Array(body.utf8))
        let known = KnownRuns(Self.id, refusals: listed, log: LoggedRuns([entry]))
        #expect(known.records.map(\.count) == [4, 2])
        #expect(known.records[0].planned == at(10) && known.records[0].last == at(40) && known.records[0].at == at(40))
        // Read after it was taken in.
        let again = KnownRuns(Self.id, refusals: [refused(10, 40, count: 4)], log: LoggedRuns([entry]))
        #expect(again.records.map(\.count) == [4])
        let other = KnownRuns(Self.id, refusals: [refused(1, 2, count: 2, .missed)], log: LoggedRuns([entry]))
        #expect(other.records.map(\.why) == [.overlap, .missed])
        let apart = KnownRuns(Self.id, ended: [ended(35)], refusals: listed, log: LoggedRuns([entry]))
        #expect(apart.records.map(\.count) == [1, 1, 3, 2])
    }

    @Test func `a record is encoded under the names of the command line`() throws {
        let run = TrackedRun.recorded(at: 10)
        let known = KnownRuns(
            Self.id, ended: [EndedRun(run, .recorded(.failed, of: run, error: "ValueError: no"))],
            refusals: [refused(1, 3, count: 3)])
        let objects = try known.records.map { try JSONValue(encoding: $0) }
        #expect(
            objects[0] == [
                "id": "a", "planned": "2026-01-01T00:00:09.500000Z", "at": "2026-01-01T00:00:10.000000Z",
                "reason": "schedule", "result": "queued", "why": nil, "job_id": .string(run.jobID.description),
                "outcome": "failed", "inferred": false, "started": "2026-01-01T00:00:11.000000Z",
                "ended": "2026-01-01T00:00:13.000000Z", "worker": "w1", "error": "ValueError: no", "attempts": 1,
            ])
        #expect(
            objects[1] == [
                "id": "a", "planned": "2026-01-01T00:00:01.000000Z", "at": "2026-01-01T00:00:03.000000Z", "reason": nil,
                "result": "skipped", "why": "overlap", "job_id": nil, "outcome": nil, "inferred": false, "started": nil,
                "ended": nil, "worker": nil, "error": nil, "attempts": nil, "last": "2026-01-01T00:00:03.000000Z",
                "count": 3, "more": false,
            ])
    }
}
