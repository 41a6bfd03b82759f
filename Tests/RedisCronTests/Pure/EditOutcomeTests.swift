import Cron
import RQWire
import Testing

@testable import RedisCron

/// The table "what an edit does", row by row: what becomes of the planned time and of its score.
@Suite struct EditOutcomeTests {
    /// 2026-01-01T12:00:30Z.
    private static let now = Timestamp.newYear + .seconds(43_230)

    /// What a save of a definition in Redis after a change would write.
    private func edit(
        _ stored: CronJobHash, at now: Timestamp = now, zone: ZoneRules = .utc,
        _ change: (inout RedisCronJob) -> Void
    ) throws -> (saved: CronJobHash, edit: DefinitionEdit) {
        var job = RedisCronJob(StoredDefinition(written: stored), connection: nil)
        change(&job)
        let (saved, edit) = try job.saving(event: .updated, newOnly: false, now: now, zone: zone)
        return (saved.definition, edit)
    }

    /// Every ten minutes; ran at 12:00:00 and is planned for 12:10:00.
    private static func cron(_ change: (inout CronJobHash) -> Void = { _ in }) -> CronJobHash {
        .example(cron: "*/10 * * * *") {
            $0.latestEnqueueTime = .newYear + .seconds(43_200)
            $0.nextEnqueueTime = .newYear + .seconds(43_800)
            change(&$0)
        }
    }

    private static func interval(_ change: (inout CronJobHash) -> Void = { _ in }) -> CronJobHash {
        .example(interval: .seconds(600)) {
            $0.latestEnqueueTime = .newYear + .seconds(43_200)
            $0.nextEnqueueTime = .newYear + .seconds(43_800)
            change(&$0)
        }
    }

    private static func noon(_ seconds: Int) -> Timestamp { .newYear + .seconds(43_200 + seconds) }

    // MARK: Next anew

    @Test func `another interval, expression, zone, exclusion, start or pause plans anew`() throws {
        let berlin = "Europe/Berlin"
        let rows: [(String, CronJobHash, next: Timestamp, (inout RedisCronJob) -> Void)] = [
            ("interval", Self.interval(), Self.noon(3600), { $0.interval = .seconds(3600) }),
            ("cron", Self.cron(), Self.noon(3600), { $0.cron = "0 * * * *" }),
            ("timezone", Self.cron { $0.cron = "0 14 * * *" }, Self.noon(3600), { $0.timeZone = berlin }),
            ("exclude", Self.cron(), Self.noon(1200), { $0.schedule.exclusions = ["10 * * * *"] }),
            ("exclude", Self.interval(), Self.noon(1200), { $0.schedule.exclusions = ["10 * * * *"] }),
            ("start", Self.cron(), Self.noon(3000), { $0.schedule.startTime = Self.noon(2500) }),
            ("start", Self.interval(), Self.noon(2500), { $0.schedule.startTime = Self.noon(2500) }),
            ("past start", Self.interval(), Self.noon(207), { $0.schedule.startTime = Self.noon(-393) }),
            ("pause", Self.cron(), Self.noon(3600), { $0.definition.state.pausedUntil = Self.noon(3600) }),
            ("pause", Self.interval(), Self.noon(3600), { $0.definition.state.pausedUntil = Self.noon(3100) }),
        ]
        for (name, stored, next, change) in rows {
            let (saved, edit) = try edit(stored, change)
            #expect(saved.nextEnqueueTime == next, "\(name)")
            #expect(edit.place == .at(next), "\(name)")
            // Fenced by the old one.
            #expect(edit.expectedNext == Array(Self.noon(600).wireFormat.utf8), "\(name)")
        }
    }

    @Test func `the next one lies after start and pause both`() throws {
        let (saved, _) = try edit(Self.cron()) {
            $0.schedule.startTime = Self.noon(2500)
            $0.definition.state.pausedUntil = Self.noon(5000)
        }
        #expect(saved.nextEnqueueTime == Self.noon(5400))
    }

    @Test func `a shorter interval is due from its last run, and not many times over where all are made up for`() throws
    {
        let stored = Self.interval { $0.latestEnqueueTime = Self.noon(-3000) }
        let (one, _) = try edit(stored) { $0.interval = .seconds(60) }
        #expect(one.nextEnqueueTime == Self.noon(-2940))
        for policy in [RunPolicy(catchUp: .all), RunPolicy(catchUp: .skip), RunPolicy(catchUpWindow: .seconds(60))] {
            var job = stored
            job.policy = policy
            let (saved, _) = try edit(job) { $0.interval = .seconds(60) }
            #expect(saved.nextEnqueueTime == Self.noon(60), "\(policy)")
        }
    }

    @Test func `an interval that never ran is due at once, whatever it makes up for`() throws {
        for catchUp in RunPolicy.CatchUp.allCases {
            let stored = CronJobHash.example { $0.policy.catchUp = catchUp }
            let (saved, edit) = try edit(stored) { $0.interval = .seconds(60) }
            #expect(saved.nextEnqueueTime == nil)
            #expect(edit.place == .at(Self.now))
        }
    }

    @Test func `an interval keeps its grid through pauses and exclusions, however late its last run was`() throws {
        let late = Self.interval { $0.latestEnqueueTime = Self.noon(17) }
        let (paused, _) = try edit(late) { $0.definition.state.pausedUntil = Self.noon(2000) }
        #expect(paused.nextEnqueueTime == Self.noon(2400))
        let (shorter, _) = try edit(paused) { $0.definition.state.pausedUntil = Self.noon(1000) }
        #expect(shorter.nextEnqueueTime == Self.noon(1200))
        let (resumed, _) = try edit(paused) { $0.definition.state.endPause() }
        #expect(resumed.nextEnqueueTime == Self.noon(600))
        let (excluded, _) = try edit(late) { $0.schedule.exclusions = ["10-20 * * * *"] }
        #expect(excluded.nextEnqueueTime == Self.noon(1800))
        let (free, _) = try edit(excluded) { $0.schedule.exclusions = [] }
        #expect(free.nextEnqueueTime == Self.noon(600))
        let (mixed, _) = try edit(paused) { $0.schedule.exclusions = ["40 * * * *"] }
        #expect(mixed.nextEnqueueTime == Self.noon(3000))
    }

    @Test func `a first run that was put off stays so through a pause`() throws {
        let stored = CronJobHash.example { $0.nextEnqueueTime = Self.noon(7200) }
        let (paused, _) = try edit(stored) { $0.definition.state.pausedUntil = Self.noon(1000) }
        #expect(paused.nextEnqueueTime == Self.noon(7200))
    }

    @Test func `what is due later by its jitter is not lost by an edit of the schedule`() throws {
        for stored in [
            Self.cron { $0.schedule.jitter = .seconds(599) }, Self.interval { $0.schedule.jitter = .seconds(599) },
        ] {
            let plan = try DefinitionCheck(stored).plan(defaultZone: .utc)
            let due = plan.dueTime(of: Self.noon(600))
            let before = due - .microseconds(1)
            #expect(before > Self.noon(600))
            let (kept, edit) = try edit(stored, at: before) { $0.schedule.exclusions = ["20 * * * *"] }
            #expect(kept.nextEnqueueTime == Self.noon(600))
            #expect(edit.place == .at(due))
            let (excluded, _) = try self.edit(stored, at: before) { $0.schedule.exclusions = ["10-20 * * * *"] }
            #expect(excluded.nextEnqueueTime == Self.noon(1800))
            let (paused, _) = try self.edit(stored, at: before) {
                $0.definition.state.pausedUntil = before + .seconds(1)
            }
            #expect(paused.nextEnqueueTime == Self.noon(1200))
        }
    }

    @Test func `what is registered as enabled after a pause is planned from the present`() throws {
        let missed: [CronJobHash] = [Self.cron(), Self.interval()].map { stored in
            var hash = stored
            hash.nextEnqueueTime = Self.noon(-6000)
            hash.latestEnqueueTime = Self.noon(-6590)
            hash.enabled = false
            return hash
        }
        func registered(_ stored: CronJobHash, by registrar: Registrar) throws -> CronJobHash {
            var job = try RedisCronJob(
                id: stored.id, call: stored.call, schedule: stored.schedule, policy: stored.policy, enabled: true,
                connection: nil, defaultZone: .utc)
            try job.adopt(
                StoredDefinition(written: stored), enabled: true, by: registrar, now: Self.now, defaultZone: .utc)
            return try job.saving(event: .updated, newOnly: false, now: Self.now, zone: .utc).saved.definition
        }
        for stored in missed {
            var paused = stored
            paused.state.pausedAt = Self.noon(-6100)
            #expect(try registered(paused, by: .caller(isCountReset: false)).nextEnqueueTime == Self.noon(600))
            // Whoever applies a file leaves a pause alone.
            #expect(try registered(paused, by: .file).enabled == false)
            for policy in [RunPolicy(catchUp: .all), RunPolicy(catchUpWindow: .seconds(60))] {
                var disabled = stored
                disabled.policy = policy
                for registrar in [Registrar.file, .caller(isCountReset: false)] {
                    #expect(try registered(disabled, by: registrar).nextEnqueueTime == Self.noon(600))
                }
            }
            // As before: switched off and on, one run is made up for.
            #expect(try registered(stored, by: .file).nextEnqueueTime == Self.noon(-6000))
        }
    }

    // MARK: The score only

    @Test func `another jitter moves the score and not the planned time`() throws {
        for stored in [Self.cron(), Self.interval()] {
            let (saved, first) = try edit(stored) { $0.schedule.jitter = .seconds(300) }
            #expect(saved.nextEnqueueTime == Self.noon(600))
            let due = try DefinitionCheck(saved).plan(defaultZone: .utc).dueTime(of: Self.noon(600))
            #expect(due > Self.noon(600))
            #expect(first.place == .at(due))
            #expect(!first.fields.contains { $0.field == .nextEnqueueTime })
            // Its end again.
            let (without, second) = try edit(saved) { $0.schedule.jitter = nil }
            #expect(without.nextEnqueueTime == Self.noon(600))
            #expect(second.place == .at(Self.noon(600)))
        }
    }

    // MARK: Finished, or back

    @Test func `an end before the planned time or a limit that is reached finishes it`() throws {
        let changes: [(inout RedisCronJob) -> Void] = [
            { $0.schedule.endTime = Self.noon(599) }, { $0.policy.maxRuns = 3 }, { $0.policy.maxRuns = 2 },
        ]
        for change in changes {
            let (saved, edit) = try edit(Self.cron { $0.state.runCount = 3 }, change)
            #expect(saved.nextEnqueueTime == .finished && saved.isFinished)
            #expect(edit.place == .nowhere)
            #expect(edit.expectedNext == Array(Self.noon(600).wireFormat.utf8))
            #expect(edit.deletion == .none)
        }
        let kept: [(inout RedisCronJob) -> Void] = [
            { $0.schedule.endTime = Self.noon(600) }, { $0.policy.maxRuns = 4 },
        ]
        for change in kept {
            let (saved, edit) = try edit(Self.cron { $0.state.runCount = 3 }, change)
            #expect(saved.nextEnqueueTime == Self.noon(600))
            #expect(edit.place == .kept)
        }
    }

    @Test func `finished, it is deleted later, and no more when it is back`() throws {
        let stored = Self.cron { $0.policy.deleteAfter = .seconds(60) }
        let (finished, first) = try edit(stored) { $0.schedule.endTime = Self.noon(1) }
        #expect(first.deletion == .at(Self.now + .seconds(60)))
        let (_, second) = try edit(finished) { $0.args = [1] }
        #expect(second.deletion == .kept)
        #expect(second.place == .kept)
        let (_, third) = try edit(finished) { $0.policy.deleteAfter = .seconds(90) }
        #expect(third.deletion == .at(Self.now + .seconds(90)))
        let (back, fourth) = try edit(finished) { $0.schedule.endTime = nil }
        #expect(back.nextEnqueueTime == Self.noon(600))
        #expect(fourth.deletion == .none)
    }

    /// Ended a day ago, or ran three times until then.
    private static func finished(_ stored: CronJobHash, byLimit: Bool) -> CronJobHash {
        var hash = stored
        hash.latestEnqueueTime = Self.noon(-86_400)
        hash.nextEnqueueTime = .finished
        if byLimit {
            hash.policy.maxRuns = 3
            hash.state.runCount = 3
        } else {
            hash.schedule.endTime = Self.noon(-86_300)
        }
        return hash
    }

    @Test func `a finished one is back from the present, not from its last run`() throws {
        let later: [(byLimit: Bool, (inout RedisCronJob) -> Void)] = [
            (false, { $0.schedule.endTime = Self.noon(86_400) }), (false, { $0.schedule.endTime = nil }),
            (true, { $0.policy.maxRuns = 4 }), (true, { $0.policy.maxRuns = nil }),
            (true, { $0.definition.state.runCount = nil }),
        ]
        for catchUp in RunPolicy.CatchUp.allCases {
            for stored in [Self.cron(), Self.interval()] {
                for (byLimit, change) in later {
                    var finished = Self.finished(stored, byLimit: byLimit)
                    finished.policy.catchUp = catchUp
                    let (saved, edit) = try edit(finished, change)
                    #expect(saved.nextEnqueueTime == Self.noon(600), "\(catchUp), by limit \(byLimit)")
                    #expect(edit.place == .at(Self.noon(600)))
                    #expect(!saved.isFinished)
                }
            }
        }
    }

    @Test func `another schedule brings one back whose end is not over, and none whose limit is reached`() throws {
        for stored in [Self.cron { $0.cron = "0 0 1 * *" }, Self.interval()] {
            var ended = Self.finished(stored, byLimit: false)
            ended.schedule.endTime = Self.noon(7200)
            let changes: [(inout RedisCronJob) -> Void] = [
                {
                    $0.interval = nil
                    $0.cron = "0 * * * *"
                }, { $0.schedule.startTime = Self.noon(3600) },
            ]
            for change in changes.dropLast(stored.interval == nil ? 1 : 0) {
                let (saved, edit) = try edit(ended, change)
                #expect(saved.nextEnqueueTime == Self.noon(3600))
                #expect(edit.place == .at(Self.noon(3600)))
            }
            let (short, _) = try edit(ended) {
                $0.cron = nil
                $0.interval = .seconds(90)
            }
            #expect(try #require(short.nextEnqueueTime) > Self.now)
            let (limited, edit) = try edit(Self.finished(stored, byLimit: true)) {
                $0.cron = "* * * * *"; $0.interval = nil
            }
            #expect(limited.isFinished)
            #expect(edit.place == .nowhere)
        }
    }

    @Test func `what cannot run again stays finished`() throws {
        for stored in [Self.cron(), Self.interval()] {
            for byLimit in [false, true] {
                let finished = Self.finished(stored, byLimit: byLimit)
                let changes: [(inout RedisCronJob) -> Void] = [
                    { $0.args = [1] }, { $0.policy.overlap = .skip }, { $0.schedule.jitter = .seconds(9) },
                    { $0.schedule.endTime = Self.noon(-3600) },
                ]
                for change in changes.dropLast(byLimit ? 1 : 0) {
                    let (saved, edit) = try edit(finished, change)
                    #expect(saved.isFinished)
                    #expect(edit.place == .kept || edit.place == .nowhere)
                }
            }
        }
    }

    // MARK: Both stay

    @Test func `everything else keeps planned time and score`() throws {
        let changes: [(inout RedisCronJob) -> Void] = [
            { $0.args = [1] }, { $0.queueName = "other" }, { $0.policy.overlap = .wait }, { $0.policy.catchUp = .all },
            { $0.policy.catchUpWindow = .seconds(60) }, { $0.policy.pauseAfterFailures = 3 },
            { $0.policy.deleteAfter = .seconds(60) }, { $0.policy.history = 5 }, { $0.jobDescription = "nightly" },
            { $0.atFront = true },
            { $0.retry = JobRetry(max: 2) }, { _ in },
        ]
        for stored in [Self.cron(), Self.interval(), Self.interval { $0.nextEnqueueTime = Self.noon(-7) }] {
            for change in changes {
                let (saved, edit) = try edit(stored, change)
                #expect(saved.nextEnqueueTime == stored.nextEnqueueTime)
                #expect(edit.place == .kept)
                // Only a policy that has to know the last run depends on it.
                #expect((edit.expectedNext == nil) == !saved.startsTracking(after: stored))
            }
        }
    }

    @Test func `state goes with the policy that it belongs to`() throws {
        let stored = Self.cron {
            $0.policy = RunPolicy(overlap: .wait, maxRuns: 9, pauseAfterFailures: 3)
            $0.state.runCount = 4
            $0.state.failureCount = 2
            $0.state.openRuns = Array(#"[["a","q"]]"#.utf8)
            $0.state.waitingSince = Self.noon(-60)
            $0.nextEnqueueTime = Self.noon(-60)
        }
        let (kept, _) = try edit(stored) { $0.args = [1] }
        #expect(kept.state == stored.state)
        let (moved, _) = try edit(stored) { $0.cron = "0 * * * *" }
        #expect(moved.state.waitingSince == nil)
        let (plain, edit) = try edit(stored) { $0.policy = RunPolicy() }
        #expect(plain.state == RunState())
        #expect(plain.nextEnqueueTime == stored.nextEnqueueTime)
        let names = Set(edit.fields.map(\.field.name))
        #expect(names.isSuperset(of: ["run_count", "failure_count", "open_runs", "waiting_since"]))
    }
}
