import RQWire
import RedisCronTesting
import Testing

@testable import RedisCron

/// When the leader looks at which runs.
@Suite struct RunWatchTests {
    private static func run(_ number: Int = 0, of id: String = "a", at: Timestamp = .newYear) -> TrackedRun {
        let planned = Timestamp.newYear + .seconds(number)
        return TrackedRun(
            definition: DefinitionID(id), jobID: .planned(definition: id, at: planned), planned: planned, at: at,
            reason: .schedule,
            terms: RunTerms(queue: "q", resultTTL: 500, failureTTL: nil, ttl: nil, retries: 0), history: nil)
    }

    /// Lets time pass for one run, which starts and ends at some time, and returns how long after its end it was known.
    private func delay(start: Duration, end: Duration) -> (delay: Duration, looks: Int) {
        var watch = RunWatch()
        let run = Self.run()
        _ = watch.follow(run, in: .open, now: .newYear, at: .zero)
        var (now, looks) = (Duration.zero, 0)
        while let next = watch.nextLook {
            now = max(now, next)
            looks += 1
            #expect(watch.due(at: now, limit: 10).runs.map(\.run) == [run])
            if now >= end { return (now - end, looks) }
            var memory = RunMemory(lastOpen: .newYear + now)
            if now >= start { memory.started = .newYear + start }
            watch.looked(at: run.jobID, remembering: memory, now: .newYear + now, monotonic: now)
        }
        return (.seconds(-1), looks)
    }

    @Test(arguments: [0, 1, 5, 29, 31, 100, 3_600, 86_400], [0, 1, 50, 1_000])
    func `an end is known within 3 s or a tenth of the run's time`(seconds: Int, wait: Int) {
        let (delay, _) = delay(start: .seconds(wait), end: .seconds(wait + seconds))
        #expect(delay >= .zero)
        #expect(delay <= max(.seconds(3), .seconds(seconds) / 10))
    }

    @Test func `a short run takes one look, a long one few`() {
        #expect(delay(start: .zero, end: .seconds(1)).looks == 1)
        #expect(delay(start: .zero, end: .seconds(3_600)).looks < 70)
    }

    @Test func `what was queued long ago is looked at at once, the oldest first`() {
        var watch = RunWatch()
        let runs = [3, 0, 2, 1].map { Self.run($0, at: .newYear + .seconds($0)) }
        for run in runs { _ = watch.follow(run, in: .open, now: .newYear + .seconds(3_600), at: .seconds(7)) }
        let oldest = watch.due(at: .seconds(7), limit: 2).runs
        #expect(oldest.map(\.run) == [runs[1], runs[3]])
        // After a look that failed each has its turn again.
        watch.looksFailed(at: oldest.map(\.run.jobID), now: .newYear + .seconds(3_601), monotonic: .seconds(8))
        #expect(watch.due(at: .seconds(8), limit: 10).runs.map(\.run) == [runs[1], runs[3], runs[2], runs[0]])
    }

    @Test func `a run at which looks fail keeps no other one up`() {
        var watch = RunWatch()
        for number in 0..<2 {
            let run = Self.run(number, at: .newYear + .seconds(number))
            _ = watch.follow(run, in: .open, now: .newYear + .seconds(60), at: .zero)
        }
        let failing = watch.due(at: .zero, limit: 1).runs
        watch.looksFailed(at: failing.map(\.run.jobID), now: .newYear + .seconds(60), monotonic: .zero)
        #expect(watch.due(at: .zero, limit: 10).runs.map(\.run) == [Self.run(1, at: .newYear + .seconds(1))])
        #expect(watch.nextLook == .seconds(2.5))
    }

    @Test func `with very many open runs each has its turn, at the rate of all looks`() {
        var watch = RunWatch()
        let count = 4 * RunWatch.looksPerSecond
        for number in 0..<count {
            _ = watch.follow(
                Self.run(number, of: "\(number % 100)"), in: .open, now: .newYear + .seconds(36_000), at: .zero)
        }
        var last: [RQJobID: Duration] = [:]
        var looks = 0
        for step in 1...200 {
            let now: Duration = .milliseconds(step * 100)
            for known in watch.due(at: now, limit: .max).runs {
                let job = known.run.jobID
                #expect(now - last[job, default: .zero] <= .seconds(4.1))
                last[job] = now
                looks += 1
                watch.looked(at: job, remembering: known.memory, now: .newYear + .seconds(36_000) + now, monotonic: now)
            }
        }
        #expect(last.count == count)
        #expect(looks <= 20 * RunWatch.looksPerSecond + count)
    }

    @Test func `looks are made by the page, many in a row, and no more of them than are allowed`() {
        var allowance = LookAllowance(perSecond: 5_000)
        var pages = 0
        var bursts: [Int] = []
        for step in 0...10_000 {
            let before = pages
            while allowance.hasPage(of: 100, at: .seconds(7) + .milliseconds(step)) {
                allowance.used(100)
                pages += 1
            }
            if pages > before { bursts.append(pages - before) }
            #expect(allowance.isSpent)
            #expect(allowance.pause <= .milliseconds(401))
        }
        #expect((500...520).contains(pages))
        #expect(bursts.allSatisfy { $0 == 20 })
    }

    @Test func `a failed run is looked at the less often the longer ago it was`() {
        var watch = RunWatch()
        let run = Self.run()
        _ = watch.follow(run, in: .open, now: .newYear, at: .zero)
        var ending = RunEnding(.failed)
        ending.ended = .newYear
        watch.recorded(
            EndedRun(run, ending), of: run.jobID, keep: 20, now: .newYear + .seconds(100), monotonic: .seconds(100))
        #expect(watch.openCount == 0)
        #expect(watch.nextLook == nil)
        #expect(watch.nextReview == .seconds(110))
        #expect(watch.due(at: .seconds(110), limit: 1).reviewCount == 1)
        watch.recorded(
            EndedRun(run, ending), of: run.jobID, keep: 20, now: .newYear + .seconds(36_000),
            monotonic: .seconds(36_000))
        #expect(watch.nextReview == .seconds(39_600))
    }

    @Test func `of the runs of a definition that may be brought back as many are followed as are kept`() {
        var watch = RunWatch()
        for number in 0..<100 {
            let time: Duration = .seconds(number)
            let run = Self.run(number, at: .newYear + time)
            _ = watch.follow(run, in: .open, now: .newYear + time, at: time)
            let record = EndedRun(run, RunEnding(.deleted))
            watch.recorded(record, of: run.jobID, keep: 20, now: .newYear + time, monotonic: time)
        }
        _ = watch.follow(Self.run(0, of: "b"), in: .watched, now: .newYear, at: .zero)
        _ = watch.follow(Self.run(100), in: .open, now: .newYear, at: .zero)
        let expected = (80...100).map { Self.run($0, at: $0 == 100 ? .newYear : .newYear + .seconds($0)).jobID }
        #expect(watch.runs(of: DefinitionID("a")).map(\.run.jobID) == expected)
        #expect(watch.due(at: .seconds(1_000), limit: 1_000).runs.count == 22)
    }

    @Test func `runs that may be brought back hold up no open ones, and have a part of each page`() {
        var watch = RunWatch()
        for number in 0..<300 {
            _ = watch.follow(Self.run(number, of: "over"), in: .watched, now: .newYear, at: .zero)
        }
        for number in 0..<150 {
            _ = watch.follow(Self.run(number, of: "open"), in: .open, now: .newYear, at: .seconds(5))
        }
        func page(reviews: Int = .max) -> [Int] {
            let due = watch.due(at: .seconds(10), limit: 100, reviews: reviews)
            #expect(due.runs.count { $0.place == .watched } == due.reviewCount)
            return [due.count - due.reviewCount, due.reviewCount]
        }
        #expect(page() == [95, 5])
        #expect(page() == [55, 45])
        #expect(page(reviews: 30) == [0, 30])
        #expect(page(reviews: 0) == [0, 0])
        #expect(page() == [0, 100])
    }

    @Test func `a run that turns out to be open is looked at in its turn among the open ones`() {
        var watch = RunWatch()
        let run = Self.run()
        _ = watch.follow(run, in: .watched, now: .newYear, at: .zero)
        let time = watch.nextReview
        watch.found(run.jobID, in: .open, recorded: nil)
        #expect(watch.nextReview == nil)
        #expect(watch.nextLook == time)
        #expect(watch.due(at: .seconds(10), limit: 1, reviews: 0).runs.count == 1)
    }

    @Test func `of more than a thousand open runs the oldest is dropped`() {
        var watch = RunWatch()
        for number in 0..<RunWatch.mostOpen {
            #expect(
                watch.follow(Self.run(number, at: .newYear + .seconds(number)), in: .open, now: .newYear, at: .zero)
                    == nil)
        }
        let one = Self.run(5_000, at: .newYear + .seconds(5_000))
        #expect(watch.follow(one, in: .open, now: .newYear, at: .zero)?.run == Self.run(0))
        #expect(watch.openCount == RunWatch.mostOpen)
        #expect(watch.follow(Self.run(0, of: "b"), in: .open, now: .newYear, at: .zero) == nil)
    }

    @Test func `a run that is followed already is followed once`() {
        var watch = RunWatch()
        #expect(watch.follow(Self.run(), in: .open, now: .newYear, at: .zero) == nil)
        #expect(watch.follow(Self.run(), in: .open, now: .newYear, at: .zero) == nil)
        #expect(watch.openCount == 1)
        #expect(watch.due(at: .seconds(100), limit: 10).count == 1)
        // The same job queued once more.
        let again = Self.run(at: .newYear + .seconds(50))
        #expect(watch.follow(again, in: .open, now: .newYear, at: .zero)?.run == Self.run())
        #expect(watch.openCount == 1)
    }

    @Test func `a definition's runs are forgotten, and no others`() {
        var watch = RunWatch()
        for number in 0..<3 {
            _ = watch.follow(Self.run(number), in: .open, now: .newYear, at: .zero)
            _ = watch.follow(Self.run(number, of: "b"), in: .watched, now: .newYear, at: .zero)
        }
        watch.removeAll(of: DefinitionID("a"))
        #expect(watch.openCount == 0)
        #expect(watch.due(at: .seconds(1_000_000), limit: 10).count == 3)
    }

    @Test func `a run that is brought back is open again`() {
        var watch = RunWatch()
        let run = Self.run()
        _ = watch.follow(run, in: .watched, now: .newYear, at: .zero)
        watch.reopened(run.jobID, memory: RunMemory(lastOpen: .newYear), now: .newYear, monotonic: .zero)
        #expect(watch.openCount == 1)
        #expect(watch[run.jobID]?.place == .open)
    }

    // MARK: Portions

    private static func portion(_ numbers: Range<Int>) -> RunPortion {
        RunPortion(numbers.map { run($0, at: .newYear + .milliseconds($0)) })
    }

    @Test func `the runs of a portion are looked at together, when it is time for the oldest`() {
        var watch = RunWatch()
        _ = watch.hold(Self.portion(0..<3), now: .newYear + .seconds(1), at: .seconds(1))
        #expect(watch.openCount == 3)
        #expect(watch.heldCount == 3)
        #expect(watch.nextLook == .seconds(2.5))
        let due = watch.due(at: .seconds(3), limit: 2)
        #expect(due.runs.isEmpty)
        #expect(due.portions.map(\.runs.count) == [3])
        #expect(watch.nextLook == nil)
    }

    @Test func `a page of looks ends before a portion that does not fit`() {
        var watch = RunWatch()
        let now = Timestamp.newYear + .seconds(1)
        for numbers in [0..<3, 3..<6] { _ = watch.hold(Self.portion(numbers), now: now, at: .zero) }
        _ = watch.follow(Self.run(9), in: .open, now: now, at: .zero)
        let first = watch.due(at: .seconds(9), limit: 5)
        #expect(first.runs.count == 1)
        #expect(first.portions.map(\.number) == [1])
        #expect(watch.due(at: .seconds(9), limit: 5).portions.map(\.number) == [2])
    }

    @Test func `a portion at which a look failed comes alone, before what is younger`() {
        var watch = RunWatch()
        let now = Timestamp.newYear + .seconds(1)
        for numbers in [0..<2, 2..<4] { _ = watch.hold(Self.portion(numbers), now: now, at: .zero) }
        #expect(watch.due(at: .seconds(9), limit: 5).portions.map(\.number) == [1, 2])
        for number in [1, 2] { watch.lookFailed(atPortion: number, now: now, monotonic: .zero) }
        #expect(watch.due(at: .seconds(9), limit: 5).portions.map(\.number) == [1])
        watch.dispersed(1, now: now, monotonic: .zero)
        let next = watch.due(at: .seconds(9), limit: 5)
        #expect(next.runs.count == 2)
        #expect(next.portions.isEmpty)
        #expect(watch.due(at: .seconds(9), limit: 5).portions.map(\.number) == [2])
    }

    @Test func `after a portion is taken out each of its runs has its own look, and those that were dropped have none`()
    {
        var watch = RunWatch()
        _ = watch.hold(Self.portion(0..<3), now: .newYear, at: .zero)
        watch.remove(Self.run(1).jobID)
        #expect(watch.runs(ofPortion: 1).count == 2)
        watch.dispersed(1, now: .newYear, monotonic: .zero)
        #expect(watch.heldCount == 0)
        #expect(watch.portions.isEmpty)
        let due = watch.due(at: .seconds(3), limit: 9)
        #expect(due.portions.isEmpty)
        #expect(due.runs.map(\.run.planned) == [Self.run(0), Self.run(2)].map(\.planned))
        #expect(due.runs.allSatisfy { $0.portion == nil && !$0.isUncertain })
    }

    @Test func `a portion that is not where it was thought to be leaves its runs uncertain`() {
        var watch = RunWatch()
        let portion = Self.portion(0..<2)
        _ = watch.hold(portion, now: .newYear, at: .zero)
        watch.scattered(1, now: .newYear, monotonic: .zero)
        #expect(watch.due(at: .seconds(3), limit: 9).runs.map(\.isUncertain) == [true, true])
        // It is there after all.
        #expect(watch.hold(portion, now: .newYear, at: .zero).isEmpty)
        #expect(watch.openCount == 2)
        #expect(watch.runs(ofPortion: 2).map(\.isUncertain) == [false, false])
    }

    @Test func `a portion that is made once more takes the place of the first`() {
        var watch = RunWatch()
        for _ in 0..<2 { #expect(watch.hold(Self.portion(0..<3), now: .newYear, at: .zero).isEmpty) }
        #expect(watch.portions.count == 1)
        #expect(watch.heldCount == 3)
        #expect(watch.openCount == 3)
        let due = watch.due(at: .seconds(3), limit: 9)
        #expect(due.portions.map(\.runs.count) == [3])
        #expect(due.runs.isEmpty)
    }
}
