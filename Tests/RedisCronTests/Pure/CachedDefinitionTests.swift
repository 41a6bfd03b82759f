import RQWire
import Testing

@testable import RedisCron

@Suite struct CachedDefinitionTests {
    private func cached(_ hash: CronJobHash = .example()) throws -> CachedDefinition {
        CachedDefinition(try .example(hash), generation: 0, replacing: nil)
    }

    private func run(_ decision: DueDecision) -> PlannedRun? {
        if case .run(let run) = decision { run } else { nil }
    }

    private func stale(_ decision: DueDecision) -> StaleEntry? {
        if case .reconcile(let stale) = decision { stale } else { nil }
    }

    private func isReadAgain(_ decision: DueDecision) -> Bool {
        if case .readAgain = decision { true } else { false }
    }

    @Test func `an interval that never ran is planned for its created_at, whatever the index says`() throws {
        let cached = try cached(.example(createdAt: .newYear + .microseconds(5)))
        for score in [Timestamp(score: 0), .newYear + .seconds(7)] {
            let run = run(cached.decide(DueEntry("metric:pm25", at: score), now: .newYear + .seconds(1000)))
            #expect(run?.planned == .newYear + .microseconds(5))
            #expect(run?.next == .newYear + .microseconds(5) + .seconds(1200))
        }
    }

    @Test func `created_at ahead of our clock does not delay the first run`() throws {
        let cached = try cached(.example(createdAt: .newYear + .seconds(60)))
        let run = run(cached.decide(DueEntry("metric:pm25", at: .newYear), now: .newYear))
        #expect(run?.planned == .newYear + .seconds(60))
        #expect(run?.next == .newYear + .seconds(360))
    }

    @Test func `a run is planned for the next_enqueue_time of the hash`() throws {
        let cached = try cached(
            .example {
                $0.latestEnqueueTime = .newYear
                $0.nextEnqueueTime = .newYear + .seconds(300)
            })
        let run = run(
            cached.decide(DueEntry("metric:pm25", at: .newYear + .seconds(299)), now: .newYear + .seconds(1000)))
        #expect(run?.planned == .newYear + .seconds(300))
        #expect(run?.next == .newYear + .seconds(1200))
        #expect(run?.step == .queue)
    }

    @Test func `an interval that ran and names no next time is due one interval after its last run`() throws {
        let cached = try cached(.example { $0.latestEnqueueTime = .newYear })
        let run = run(cached.decide(DueEntry("metric:pm25", at: .newYear), now: .newYear + .seconds(301)))
        #expect(run?.planned == .newYear + .seconds(300))
    }

    @Test func `an entry that is ahead of the hash is moved to where the hash says`() throws {
        let later = Timestamp.newYear + .seconds(500)
        let cached = try cached(.example { $0.nextEnqueueTime = later })
        let stale = self.stale(cached.decide(DueEntry("metric:pm25", at: .newYear), now: .newYear))
        #expect(stale?.nextScore == later)
        #expect(stale?.isOver == false)
        #expect(stale?.updatedAtBytes == CronJobHash.example().updatedAtBytes)
    }

    @Test func `a disabled definition leaves the index`() throws {
        let cached = try cached(.example { $0.enabled = false })
        let stale = self.stale(cached.decide(DueEntry("metric:pm25", at: .newYear), now: .newYear))
        #expect(stale != nil)
        #expect(stale?.nextScore == nil)
        #expect(stale?.isOver == false)
    }

    @Test func `an expression without a time is given its next one and not run by the index alone`() throws {
        let cached = try cached(.example(cron: "*/5 * * * *"))
        let stale = self.stale(cached.decide(DueEntry("metric:pm25", at: Timestamp(score: 0)), now: .newYear))
        #expect(stale?.nextScore == .newYear + .seconds(300))
    }

    @Test func `an expression whose years are over leaves the index`() throws {
        let cached = try cached(.example(cron: "0 0 1 1 * 0 2020"))
        let stale = self.stale(cached.decide(DueEntry("metric:pm25", at: .newYear), now: .newYear))
        #expect(stale?.isOver == true)
        #expect(stale?.nextScore == nil)
    }

    @Test func `after a run it is due where the run moved it, and nowhere else`() throws {
        var cached = try cached()
        let first = try #require(run(cached.decide(DueEntry("metric:pm25", at: .newYear), now: .newYear)))
        cached.didQueue(first)
        let next = Timestamp.newYear + .seconds(300)
        let second = run(cached.decide(DueEntry("metric:pm25", at: next), now: next))
        #expect(second?.planned == next)
        #expect(second?.step == .queue)
        #expect(isReadAgain(cached.decide(DueEntry("metric:pm25", at: .newYear + .seconds(7)), now: next)))
    }

    @Test func `a run that was refused is not taken for an open one`() throws {
        let first = RQWire.OpenRun(jobID: "job-1", queue: "metrics")
        let hash = CronJobHash.example {
            $0.nextEnqueueTime = .newYear
            $0.policy.overlap = .skip
            $0.state.openRuns = OpenRuns(of: [first]).bytes
        }
        var cached = try cached(hash)
        let refused = try #require(run(cached.decide(DueEntry("metric:pm25", at: .newYear), now: .newYear)))
        cached.didMove(refused)
        let next = Timestamp.newYear + .seconds(300)
        let second = try #require(run(cached.decide(DueEntry("metric:pm25", at: next), now: next)))
        #expect(second.planned == next)
        #expect(second.openRuns?.runs == [first])
        cached.didQueue(second)
        let third = try #require(
            run(cached.decide(DueEntry("metric:pm25", at: next + .seconds(300)), now: next + .seconds(300))))
        #expect(third.openRuns?.runs == [second.definition.openRun(planned: next)])
    }

    @Test func `open runs that an edit left behind are compared as they are, where a limit has the script look`() throws
    {
        let left = OpenRuns(of: [RQWire.OpenRun(jobID: "job-1", queue: "metrics")])
        var cached = try cached(
            .example {
                $0.policy.maxRuns = 9
                $0.state.openRuns = left.bytes
            })
        let first = try #require(run(cached.decide(DueEntry("metric:pm25", at: .newYear), now: .newYear)))
        #expect(first.openRuns == left)
        cached.didQueue(first)
        let next = Timestamp.newYear + .seconds(300)
        #expect(run(cached.decide(DueEntry("metric:pm25", at: next), now: next))?.openRuns?.bytes == [])
    }

    @Test func `an old schedule that an editor brings back is stepped over, not queued twice`() throws {
        var first = try cached()
        first.didQueue(try #require(run(first.decide(DueEntry("metric:pm25", at: .newYear), now: .newYear))))
        let rewritten = CachedDefinition(
            try .example(.example { $0.updatedAt = .newYear + .seconds(9) }), generation: 0, replacing: first)
        let replay = run(rewritten.decide(DueEntry("metric:pm25", at: .newYear), now: .newYear + .seconds(10)))
        #expect(replay?.step == .skipQueued)
        #expect(replay?.next == .newYear + .seconds(300))
    }

    @Test func `a definition read before another scheduler ticked is read again, not run for an old time`() throws {
        let next = Timestamp.newYear + .seconds(300)
        let early = DueEntry("metric:pm25", at: .newYear)
        let cached = CachedDefinition(
            try .example(.example { $0.nextEnqueueTime = next }), readFor: early, generation: 0, replacing: nil)
        let moved = DueEntry("metric:pm25", at: next + .seconds(300))
        #expect(isReadAgain(cached.decide(moved, now: next + .seconds(300))))
        let due = DueEntry("metric:pm25", at: next)
        #expect(run(cached.decide(due, now: next))?.planned == next)
        let neverRan = CachedDefinition(try .example(), readFor: early, generation: 0, replacing: nil)
        #expect(isReadAgain(neverRan.decide(due, now: next)))
        #expect(run(neverRan.decide(early, now: next))?.planned == .newYear)
    }

    @Test func `a run that Redis lost in a restart is queued again`() throws {
        var first = try cached(.example { $0.updatedAt = .newYear + .seconds(9) })
        first.didQueue(try #require(run(first.decide(DueEntry("metric:pm25", at: .newYear), now: .newYear))))
        // The same version, or an older one: the hash went back, and nobody wrote it.
        for version in [Timestamp.newYear + .seconds(9), .newYear + .seconds(5)] {
            let again = CachedDefinition(
                try .example(.example { $0.updatedAt = version }), generation: 0, replacing: first)
            let lost = run(again.decide(DueEntry("metric:pm25", at: .newYear), now: .newYear + .seconds(10)))
            #expect(lost?.planned == .newYear)
            #expect(lost?.step == .queue)
        }
    }

    @Test func `what was missed since an old schedule was brought back is not stepped over with it`() throws {
        var first = try cached()
        for seconds in [0, 300] {
            let due = Timestamp.newYear + .seconds(seconds)
            first.didQueue(try #require(run(first.decide(DueEntry("metric:pm25", at: due), now: due))))
        }
        let rewritten = CachedDefinition(
            try .example(.example { $0.updatedAt = .newYear + .seconds(301) }), generation: 0, replacing: first)
        let replay = run(rewritten.decide(DueEntry("metric:pm25", at: .newYear), now: .newYear + .seconds(1_000)))
        #expect(replay?.step == .skipQueued)
        #expect(replay?.next == .newYear + .seconds(600))
    }

    @Test func `what was planned anew after a clock that was ahead is run, not taken for an old schedule`() throws {
        let ahead = Timestamp.newYear + .seconds(8 * 3600)
        var first = try cached(.example { $0.nextEnqueueTime = ahead })
        first.didQueue(try #require(run(first.decide(DueEntry("metric:pm25", at: ahead), now: ahead))))
        let due = Timestamp.newYear + .seconds(300)
        let mended = CachedDefinition(
            try .example(
                .example {
                    $0.updatedAt = .newYear + .seconds(9)
                    $0.latestEnqueueTime = ahead
                    $0.nextEnqueueTime = due
                }), generation: 0, replacing: first)
        let queued = run(mended.decide(DueEntry("metric:pm25", at: due), now: due))
        #expect(queued?.step == .queue)
        #expect(queued?.next == due + .seconds(300))
    }

    @Test func `a definition that was deleted and made again under its id begins anew`() throws {
        var first = try cached()
        first.didQueue(try #require(run(first.decide(DueEntry("metric:pm25", at: .newYear), now: .newYear))))
        let again = CachedDefinition(
            try .example(.example(createdAt: .newYear - .seconds(1))), generation: 0, replacing: first)
        #expect(run(again.decide(DueEntry("metric:pm25", at: .newYear), now: .newYear))?.step == .queue)
    }

    @Test func `beside an open run the refused ones change nothing, so that the next is sent with the same`() throws {
        var cached = try cached(.example { $0.policy.overlap = .skip })
        let times = [0, 300, 600, 900].map { Timestamp.newYear + .seconds($0) }
        let first = try #require(run(cached.decide(DueEntry("metric:pm25", at: times[0]), now: times[0])))
        #expect(first.openRuns?.runs == [])
        cached.didQueue(first)
        let open = OpenRuns(
            of: first.definition.openRun(planned: times[0]), queueJSON: first.definition.template.queueJSON)
        for time in times[1...2] {
            let refused = try #require(run(cached.decide(DueEntry("metric:pm25", at: time), now: time)))
            #expect(refused.openRuns == open)
            cached.didMove(refused)
        }
        let last = try #require(run(cached.decide(DueEntry("metric:pm25", at: times[3]), now: times[3])))
        #expect(last.planned == times[3])
        #expect(last.openRuns == open)
    }
}
