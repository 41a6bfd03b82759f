import RQWire
import TestSupport
import Testing

@testable import RedisCron

@Suite struct SchedulerLoggerTests {
    private func logger(_ level: SchedulerLogger.Level) -> (SchedulerLogger, Observed<[String]>) {
        let lines = Observed<[String]>([])
        let logger = SchedulerLogger(minimumLevel: level) { level, line in
            lines.update { $0.append("\(level.rawValue) \(line)") }
        }
        return (logger, lines)
    }

    @Test func `lines below the level are not made`() async {
        let (logger, lines) = logger(.warning)
        var made = 0
        func line() -> String {
            made += 1
            return "line"
        }
        logger(.info, line())
        logger(.warning, line())
        logger(.error, line())
        #expect(await logger.flush())
        #expect(made == 2)
        #expect(lines.current == ["warning line", "error line"])
    }

    @Test func `lines of one of several schedulers name its key prefix, in one order with the others`() async {
        let (logger, lines) = logger(.info)
        let (one, other) = (logger.naming(keyPrefix: "a"), logger.naming(keyPrefix: "{b}"))
        one(.info, "1")
        other(.standingBy(name: "s"))
        logger(.info, "3")
        one(enqueued: 4)
        #expect(await other.flush())
        #expect(
            lines.current == [
                "info [a] 1", "info [{b}] s stands by: another scheduler holds the lock", "info 3",
                "info [a] enqueued 4 jobs",
            ])
    }

    @Test func `what several schedulers find about their server is said once, and by one scheduler each time`() async {
        let (logger, lines) = logger(.info)
        let server = SchedulerEvent.finding(Finding(.warning, .persistence, "the server keeps nothing on disk"))
        let hidden = SchedulerEvent.finding(Finding(.notice, .access, about: "INFO", "its settings were not checked"))
        let own = SchedulerEvent.finding(Finding(.error, .lock, about: "a:lock", "the lock has no expiry"))
        for prefix in ["a", "b"] {
            logger.naming(keyPrefix: prefix)(server)
            logger.naming(keyPrefix: prefix)(hidden)
            logger.naming(keyPrefix: prefix)(own)
        }
        logger(server)
        #expect(await logger.flush())
        let (serverLine, ownLine) = (
            "persistence: the server keeps nothing on disk", "lock 'a:lock': the lock has no expiry"
        )
        #expect(
            lines.current == [
                "warning \(serverLine)", "info access 'INFO': its settings were not checked", "error [a] \(ownLine)",
                "error [b] \(ownLine)", "warning \(serverLine)",
            ])
    }

    @Test func `the names of the levels are swift-log's`() {
        #expect(SchedulerLogger.Level.allCases.map(\.rawValue) == ["debug", "info", "warning", "error"])
        #expect(SchedulerLogger.Level.allCases == SchedulerLogger.Level.allCases.sorted())
    }

    @Test func `each event has a line of its own and a level`() throws {
        let run = EnqueuedRun(
            id: "a", jobID: RQJobID.planned(definition: "a", at: .newYear).description, queueName: "q",
            planned: .newYear,
            enqueuedAt: .newYear,
            next: nil)
        let events: [(SchedulerEvent, SchedulerLogger.Level, String)] = [
            (.becameLeader(name: "s"), .info, "s took the lock and leads"),
            (.standingBy(name: "s"), .info, "s stands by: another scheduler holds the lock"),
            (.enqueued([run]), .info, "enqueued 'a' to 'q' as \(run.jobID), next never"),
            (.enqueued([run, run]), .info, "enqueued 2 jobs"),
            (
                .skipped(id: "a", .alreadyQueued(planned: .newYear)), .debug,
                "skipped 'a': its run of 2026-01-01T00:00:00.000000Z had been queued before"
            ),
            (
                .skipped(id: "a", .over), .info,
                "skipped 'a': its schedule has no further run; its index entry was removed"
            ),
            (
                .skipped(id: "a", .unusableQueue("q\n")), .warning,
                "skipped 'a': the key of its queue 'q\\n' holds no list"
            ),
            (.badDefinition(id: "a", field: "cron", reason: "wrong"), .warning, "cannot use 'a': cron: wrong"),
            (.lockLost(name: "s"), .error, "s lost the lock and stopped enqueueing"),
            (.disconnected(reason: "gone"), .warning, "Redis is out of reach or refuses: gone"),
            (.reconnected, .info, "Redis answers again"),
            (
                .definitionsApplied(source: "a\nb", created: 1, changed: 2, unchanged: 3), .info,
                "applied definitions (source a\\nb): 1 created, 2 changed, 3 unchanged"
            ),
            (
                .definitionsApplied(source: nil, created: 0, changed: 0, unchanged: 0), .info,
                "applied definitions: 0 created, 0 changed, 0 unchanged"
            ),
            (
                .definitionsNotApplied(reason: "OOM"), .warning,
                "cannot apply the definitions, and tries again: OOM"
            ),
            (
                .badDefinition(id: "a\u{1B}]0;b\u{7}\u{9B}2Jc", field: "cron", reason: "wrong"), .warning,
                "cannot use 'a\\u{1B}]0;b\\u{07}\\u{009B}2Jc': cron: wrong"
            ),
            (.definitionsGone, .warning, "all definitions are gone: Redis came back empty"),
            (
                .releaseFailed(reason: "gone"), .warning,
                "could not release lock and registry entry; they expire by themselves: gone"
            ),
            (
                .subscriptionLost(reason: "NOPERM"), .warning,
                "changes are noticed late, the events channel cannot be read: NOPERM"
            ),
            (.subscriptionRestored, .info, "the events channel is read again"),
            (.missed(count: 3), .warning, "3 events were dropped: they were not read as fast as they came"),
            (
                .replicasMissing(acknowledged: 1, wanted: 2), .warning,
                "1 of 2 replicas have the last batch; a failover could lose it"
            ),
            (.replicasCaughtUp, .info, "the replicas have the last batch again"),
            (.stopped(name: "s"), .info, "s stopped; it holds no lock and is in no registry"),
        ]
        for (event, level, line) in events {
            #expect(event.level == level)
            #expect(event.line == line)
        }
    }
}
