import RQWire
import TestSupport
import Testing

@testable import RedisCron

/// The rules by which the outcome of a run is found; `RunOutcomeInteropTests` holds them against real workers.
@Suite(.timeLimit(.minutes(1)))
struct RunJudgeTests {
    private static let at = Timestamp.newYear

    /// A judge who looks some seconds after the run was queued.
    private func judge(
        after seconds: Int, lastOpen: Int? = nil, ranSince: Int? = nil, resultTTL: Int = 500, failureTTL: Int? = nil,
        ttl: Int? = nil, retries: Int = 0, timeout: Int = 180, formerAttempts: Int = 0, suspectedAfter: Int? = nil,
        place: RunPlace = .open
    ) -> RunJudge {
        let run = TrackedRun(
            definition: DefinitionID("a"), jobID: .random(), planned: nil, at: Self.at, reason: .trigger,
            terms: RunTerms(
                queue: "q", resultTTL: resultTTL, failureTTL: failureTTL, ttl: ttl, retries: retries, timeout: timeout),
            history: nil)
        var memory = RunMemory(lastOpen: Self.at + .seconds(lastOpen ?? 0))
        memory.started = ranSince.map { Self.at + .seconds($0) }
        memory.worker = ranSince == nil ? nil : "w"
        memory.formerAttempts = formerAttempts
        memory.suspectedAt = suspectedAfter.map { Self.at + .seconds($0) }
        return RunJudge(RunToLookAt(run, memory: memory, place: place), now: Self.at + .seconds(seconds))
    }

    private func job(
        _ status: JobState.Status, enqueued: Int? = 0, started: Int? = nil, ended: Int? = nil, heartbeat: Int? = nil,
        left: Int? = nil, worker: String? = nil
    ) -> JobState {
        var job = JobState(status)
        job.enqueued = enqueued.map { Self.at + .seconds($0) }
        job.started = started.map { Self.at + .seconds($0) }
        job.ended = ended.map { Self.at + .seconds($0) }
        job.lastHeartbeat = heartbeat.map { Self.at + .seconds($0) }
        job.retriesLeft = left
        job.worker = worker
        return job
    }

    private func time(_ seconds: Int) -> Timestamp { Self.at + .seconds(seconds) }

    private func ending(_ step: RunJudge.Step) -> RunEnding? {
        if case .decided(.over(let ending)) = step { ending } else { nil }
    }

    private func ending(_ finding: RunFinding) -> RunEnding? {
        if case .over(let ending) = finding { ending } else { nil }
    }

    // MARK: By the hash

    @Test func `a success has times, worker and attempts from its hash`() {
        let job = job(.finished, started: 1, ended: 3, left: 1, worker: "w")
        let found = ending(judge(after: 5, retries: 2).step(.found(job)))
        #expect(found?.outcome == .finished && found?.isInferred == false)
        #expect(found?.started == time(1) && found?.ended == time(3) && found?.worker == "w")
        #expect(found?.attempts == 2)
    }

    @Test func `a success is one attempt where the hash counts no retries and the definition has none`() {
        #expect(ending(judge(after: 5).step(.found(job(.finished, started: 1))))?.attempts == 1)
        #expect(ending(judge(after: 5, retries: 1).step(.found(job(.finished, started: 1))))?.attempts == nil)
    }

    @Test func `a few fields are enough of a job that was tried once, and of one that has just been queued or started`()
    {
        let fields = RunJudge.Step.fields
        for status in [JobState.Status.finished, .failed, .stopped] {
            let once = job(status, started: 1, ended: 2, worker: "w")
            #expect(judge(after: 5).step(.glimpsed(once)) == judge(after: 5).step(.found(once)))
            #expect(judge(after: 5, retries: 1).step(.glimpsed(once)) == fields)
            #expect(judge(after: 5).step(.glimpsed(job(status, enqueued: 3, started: 4, ended: 5))) == fields)
        }
        #expect(judge(after: 59).step(.glimpsed(job(.queued))) == judge(after: 59).step(.found(job(.queued))))
        #expect(judge(after: 61).step(.glimpsed(job(.queued))) == fields)
        let started = job(.started, started: 1)
        #expect(judge(after: 999).step(.glimpsed(started)) == judge(after: 999).step(.found(started)))
        // A heartbeat may say that it lives.
        #expect(judge(after: 1_002).step(.glimpsed(started)) == fields)
        #expect(judge(after: 5).step(.glimpsed(job(.canceled))) == fields)
        #expect(judge(after: 5).step(.glimpsed(job(.scheduled))) == fields)
        #expect(judge(after: 5).step(.glimpsed(job(.deferred))) == judge(after: 5).step(.found(job(.deferred))))
        #expect(judge(after: 5).step(.glimpsed(JobState(nil))) == judge(after: 5).step(.found(JobState(nil))))
    }

    @Test(arguments: [JobState.Status.failed, .stopped])
    func `how a run failed is in its newest result`(status: JobState.Status) {
        let failed = job(status, started: 1, ended: 2)
        #expect(judge(after: 5).step(.found(failed)) == .results(failed, count: 1))
        let again = job(status, enqueued: 3, started: 4, ended: 5)
        #expect(judge(after: 5).step(.found(again)) == .results(again, count: RunJudge.mostResults))
    }

    @Test func `a run that was queued again counts what its job ended before`() {
        let job = job(.finished, enqueued: 10, started: 11, ended: 12)
        let judge = judge(after: 20)
        #expect(judge.step(.found(job)) == .results(job, count: RunJudge.mostResults))
        var retry = JobResult(.retry, recorded: time(6))
        retry.started = time(5)
        let results = [JobResult(.success, recorded: time(12)), retry, JobResult(.failure, recorded: time(1))]
        #expect(ending(judge.finding(job, results: results))?.attempts == 2)
        #expect(ending(self.judge(after: 20, formerAttempts: 4).finding(job, results: []))?.attempts == 5)
    }

    @Test func `a result of a later end than that of the hash says nothing`() {
        let failed = job(.failed, started: 1, ended: 2)
        let judge = judge(after: 5)
        for kind in [JobResult.Kind.success, .retry] {
            #expect(judge.finding(failed, results: [JobResult(kind, recorded: time(3))]) == .unclear(judge.memory))
        }
        var later = JobResult(.failure, recorded: time(4))
        later.ended = time(4)
        #expect(judge.finding(failed, results: [later]) == .unclear(judge.memory))
        later.ended = time(2)
        #expect(ending(judge.finding(failed, results: [later]))?.outcome == .failed)
    }

    @Test func `a run that went on after it was found abandoned was started once`() {
        let job = job(.finished, enqueued: 1, started: 2, ended: 300)
        var (success, abandoned) = (JobResult(.success, recorded: time(300)), JobResult(.failure, recorded: time(200)))
        success.started = time(2)
        #expect(ending(judge(after: 400).finding(job, results: [success, abandoned]))?.attempts == 1)
        success.started = time(250)
        #expect(ending(judge(after: 400).finding(job, results: [success, abandoned]))?.attempts == 2)
        success.started = time(2)
        abandoned.started = time(1)
        #expect(ending(judge(after: 400).finding(job, results: [success, abandoned]))?.attempts == 2)
    }

    @Test func `a returned retry counts as an attempt`() {
        var job = job(.finished, started: 1, ended: 2)
        job.returnedRetries = 2
        #expect(ending(judge(after: 5).step(.found(job)))?.attempts == 3)
    }

    @Test func `times of the attempt before are not those of a failure`() {
        // Found stuck between two lists, so that it was not started again.
        let stuck = ending(
            judge(after: 90, retries: 1).finding(
                job(.failed, enqueued: 10, started: 1, ended: 2, left: 0, worker: nil),
                results: [JobResult(.failure, recorded: time(80))]))
        #expect(stuck?.started == nil && stuck?.ended == nil && stuck?.attempts == 1)
        // Found abandoned: nobody knows when it ended.
        let abandoned = ending(
            judge(after: 90, retries: 1).finding(
                job(.failed, enqueued: 10, started: 11, ended: 2, left: 0, worker: "w"),
                results: [JobResult(.failure, recorded: time(80))]))
        #expect(abandoned?.started == time(11) && abandoned?.ended == nil && abandoned?.attempts == 2)
    }

    @Test func `a worker whose clock is behind has started a failed run all the same`() {
        var result = JobResult(.failure, recorded: time(3))
        (result.started, result.ended) = (time(-5), time(-3))
        let found = ending(
            judge(after: 5).finding(job(.failed, started: -4, ended: -3, worker: "w"), results: [result]))
        #expect(found?.started == time(-4) && found?.ended == time(-3) && found?.attempts == 1)
    }

    @Test func `a stop ended when it was written down`() {
        var result = JobResult(.failure, recorded: time(4))
        (result.started, result.worker, result.exception) = (time(1), "w", [])
        let found = ending(judge(after: 5).finding(job(.stopped, started: 2), results: [result]))
        #expect(found?.outcome == .stopped && found?.ended == time(4) && found?.worker == "w" && found?.error == nil)
    }

    @Test func `a run is open while it was queued lately or gives signs of life`() {
        func isOpen(_ judge: RunJudge, _ job: JobState) -> Bool {
            if case .decided(.open(let memory)) = judge.step(.found(job)) {
                memory.lastOpen == judge.now
            } else {
                false
            }
        }
        #expect(isOpen(judge(after: 59), job(.queued)))
        #expect(judge(after: 60).step(.found(job(.queued))) == .verdict(job(.queued)))
        #expect(isOpen(judge(after: 999), job(.started, started: 0)))
        #expect(isOpen(judge(after: 1500), job(.started, started: 0, heartbeat: 501)))
        let silent = job(.started, started: 0, heartbeat: 500)
        #expect(judge(after: 1500).step(.found(silent)) == .verdict(silent))
        #expect(judge(after: 1).step(.found(job(.queued, enqueued: nil))) == .verdict(job(.queued, enqueued: nil)))
        for status in [JobState.Status.deferred, .rateLimited, .readyToEnqueue] {
            #expect(isOpen(judge(after: 5000), job(status)))
        }
        for status in [JobState.Status.canceled, .scheduled] {
            #expect(judge(after: 1).step(.found(job(status))) == .verdict(job(status)))
        }
    }

    @Test func `what is seen of a run that works is remembered`() {
        let step = judge(after: 5, suspectedAfter: 3).step(.found(job(.started, started: 2, worker: "w")))
        guard case .decided(.open(let memory)) = step else {
            Issue.record("\(step)")
            return
        }
        #expect(memory.started == time(2) && memory.worker == "w" && memory.suspectedAt == nil)
    }

    @Test func `nothing is said of a key of another type or a status that RQ does not have`() {
        let judge = judge(after: 5)
        #expect(judge.step(.unreadable) == .decided(.unclear(judge.memory)))
        var job = job(.queued)
        job.status = nil
        #expect(judge.step(.found(job)) == .decided(.unclear(judge.memory)))
    }

    // MARK: By the script

    private func look(_ verdict: RunLook.Verdict, _ status: String) -> RunLook {
        RunLook(verdict: verdict, status: status, queue: "")
    }

    @Test(arguments: [
        (JobState.Status.queued, RunOutcome.lost), (.started, .lost), (.scheduled, .lost), (.canceled, .canceled),
    ])
    func `a run that the script calls over is lost, unless it was canceled`(
        status: JobState.Status, outcome: RunOutcome
    ) {
        let job = job(status, started: 1, ended: 2, worker: "w")
        let found = ending(judge(after: 2000).finding(job, look: look(.over, status.rawValue)))
        #expect(found?.outcome == outcome && found?.started == time(1) && found?.ended == nil && found?.attempts == 1)
        let judge = judge(after: 2000)
        #expect(judge.finding(job, look: look(.over, "finished")) == .unclear(judge.memory))
    }

    @Test func `a run that was not started since it was queued has no start`() {
        let found = ending(
            judge(after: 2000, retries: 2).finding(
                job(.canceled, enqueued: 10, started: 1, left: 1, worker: "w"), look: look(.over, "canceled")))
        #expect(found?.started == nil && found?.worker == nil && found?.attempts == 1)
        #expect(ending(judge(after: 2000).finding(job(.queued), look: look(.over, "queued")))?.attempts == 0)
    }

    @Test func `when a run was first suspected is remembered until it is seen again`() {
        var memory = judge(after: 100).memory
        memory.suspectedAt = time(100)
        #expect(judge(after: 100).finding(job(.queued), look: look(.suspect, "queued")) == .unclear(memory))
        let later = judge(after: 110, suspectedAfter: 100)
        #expect(later.finding(job(.queued), look: look(.suspect, "queued")) == .unclear(memory))
        if case .open(let memory) = later.finding(job(.queued), look: look(.open, "queued")) {
            #expect(memory.suspectedAt == nil && memory.lastOpen == time(110))
        } else {
            Issue.record("it is not open")
        }
    }

    // MARK: Without a hash

    private func gone(_ judge: RunJudge, _ change: (inout JobTraces) -> Void = { _ in }) -> RunEnding? {
        #expect(judge.step(.gone) == .traces)
        var traces = JobTraces()
        change(&traces)
        return ending(judge.finding(traces))
    }

    private func brief(_ ending: RunEnding?) -> String {
        ending.map { "\($0.outcome)\($0.isInferred ? "?" : "")" } ?? "-"
    }

    @Test func `a job that runs without a hash is open, and one that is there again is looked at again`() {
        let judge = judge(after: 5)
        var traces = JobTraces()
        traces.hasComeBack = true
        #expect(judge.finding(traces) == .unclear(judge.memory))
        traces.hasLiveExecution = true
        #expect(judge.finding(traces) == .open(judge.seenOpen(nil)))
    }

    @Test func `an entry among the finished ones proves success, also beside one among the failed ones`() {
        let found = gone(judge(after: 100, ranSince: 2, resultTTL: 10)) {
            ($0.finishedScore, $0.failedScore) = (self.time(15).score, self.time(15).score)
        }
        #expect(
            brief(found) == "finished" && found?.ended == time(5) && found?.started == time(2) && found?.worker == "w")
        #expect(found?.attempts == 1)
        let kept = gone(judge(after: 100, resultTTL: -1, retries: 1)) { $0.finishedScore = .infinity }
        #expect(brief(kept) == "finished" && kept?.ended == nil && kept?.attempts == nil)
    }

    @Test func `a result proves success`() {
        let found = gone(judge(after: 100)) {
            var result = JobResult(.success, recorded: self.time(4))
            (result.started, result.ended, result.worker) = (self.time(2), self.time(4), "w")
            $0.result = result
        }
        #expect(
            brief(found) == "finished" && found?.started == time(2) && found?.ended == time(4) && found?.worker == "w")
    }

    @Test func `an entry among the failed ones proves failure when RQ has forgotten the job by itself`() {
        let forgotten = gone(judge(after: 100, failureTTL: 0, retries: 2)) { $0.failedScore = self.time(5).score }
        #expect(brief(forgotten) == "failed" && forgotten?.ended == time(5) && forgotten?.attempts == nil)
        #expect(brief(gone(judge(after: 100)) { $0.failedScore = self.time(31_536_005).score }) == "failed?")
        #expect(brief(gone(judge(after: 100, failureTTL: -1)) { $0.failedScore = -1 }) == "failed?")
        // Requeued from it and gone: the result is of the failure before.
        #expect(brief(gone(judge(after: 100)) { $0.result = JobResult(.failure, recorded: self.time(5)) }) == "deleted")
    }

    @Test func `a job that is gone sooner than RQ would have removed it was deleted`() {
        #expect(brief(gone(judge(after: 100, lastOpen: 97))) == "deleted")
        #expect(brief(gone(judge(after: 499))) == "finished?")
        #expect(brief(gone(judge(after: 497))) == "deleted")
        #expect(brief(gone(judge(after: 5000, resultTTL: -1))) == "deleted")
        #expect(brief(gone(judge(after: 5000, resultTTL: -1, failureTTL: -1))) == "deleted")
        #expect(gone(judge(after: 100, ranSince: 1))?.started == time(1))
    }

    @Test func `a job that is not kept has succeeded, as far as can be told`() {
        let found = gone(judge(after: 4, lastOpen: 3, ranSince: 2, resultTTL: 0))
        #expect(brief(found) == "finished?" && found?.started == time(2) && found?.ended == nil && found?.attempts == 1)
    }

    @Test func `where it cannot have succeeded, a run has failed, as far as can be told`() {
        #expect(brief(gone(judge(after: 100, lastOpen: 97, failureTTL: 0))) == "failed?")
        #expect(brief(gone(judge(after: 100, lastOpen: 97, failureTTL: 5))) == "failed?")
        #expect(brief(gone(judge(after: 100, lastOpen: 97, failureTTL: 6))) == "deleted")
    }

    @Test func `a run that was never seen to work has expired once its time in the queue has passed`() {
        #expect(brief(gone(judge(after: 61, lastOpen: 58, ttl: 60))) == "expired")
        #expect(brief(gone(judge(after: 90, lastOpen: 10, ttl: 60))) == "expired?")
        #expect(brief(gone(judge(after: 61, lastOpen: 58, resultTTL: 0, ttl: 60))) == "expired?")
        let listed = gone(judge(after: 61, lastOpen: 58, resultTTL: 0, ttl: 60)) { $0.isListed = true }
        #expect(brief(listed) == "expired" && listed?.attempts == 0)
        #expect(brief(gone(judge(after: 61, lastOpen: 58, ranSince: 3, ttl: 60))) == "deleted")
        #expect(brief(gone(judge(after: 30, lastOpen: 28, ttl: 60))) == "deleted")
        #expect(brief(gone(judge(after: 30, lastOpen: 28, resultTTL: 0, ttl: 60)) { $0.isListed = true }) == "deleted")
    }

    @Test func `a requeued run whose failure expires has expired`() {
        let judge = judge(after: 70, lastOpen: 68, failureTTL: 60, formerAttempts: 1)
        #expect(judge.asksForLists)
        #expect(brief(gone(judge) { $0.isListed = true }) == "expired?")
    }

    @Test func `lists are searched only where that decides`() {
        #expect(!judge(after: 1).asksForLists && judge(after: 1, ttl: 5).asksForLists)
    }

    @Test func `a recorded run whose job is gone is settled once it cannot come back`() {
        func settles(after seconds: Int, lastOpen: Int = 10, ranSince: Int? = nil, timeout: Int = 180) -> Bool {
            let judge = judge(
                after: seconds, lastOpen: lastOpen, ranSince: ranSince, timeout: timeout, place: .watched)
            let finding = judge.finding(JobTraces())
            if finding != .settled { #expect(finding == .unclear(judge.memory)) }
            return finding == .settled
        }
        #expect(!settles(after: 10 + 180 + 179) && settles(after: 10 + 180 + 180))
        #expect(!settles(after: 50_000, timeout: -1) && settles(after: 100_000, timeout: -1))
        #expect(!settles(after: 3_000, timeout: 3_600))
        let back = judge(after: 20, lastOpen: 10, resultTTL: 5, place: .watched)
        #expect(brief(gone(back) { $0.finishedScore = self.time(24).score }) == "finished")
    }

    // MARK: Errors

    @Test func `an error is one line that does no harm, and is cut`() {
        #expect(RunEnding.harmless("a\tb\u{1b}[31m\u{85}\u{2028}\u{202e}c\u{0}é👍\u{fffd}") == "a b [31m   c é👍\u{fffd}")
        let longest = String(repeating: "x", count: RunEnding.longestError)
        #expect(RunEnding.harmless(longest) == longest)
        #expect(RunEnding.harmless(longest + "yz") == String(longest.dropLast()) + "…")
        #expect(RunEnding.harmless("") == "")
    }
}
