#if ServiceLifecycle && Logging
    import Logging
    import RedisCron
    import RedisCronWeb
    import ServiceLifecycle
    import TestSupport
    import Testing

    @Suite(.timeLimit(.minutes(5)))
    struct ServiceTests {
        /// Runs services in a group until `body` asks for a graceful shutdown.
        private func withGroup<Result: Sendable>(
            _ services: [any Service], _ body: (ServiceGroup) async throws -> Result
        ) async throws -> Result {
            let group = ServiceGroup(
                services: services, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            let run = Task { try await group.run() }
            do {
                let result = try await body(group)
                await group.triggerGracefulShutdown()
                try await run.value
                return result
            } catch {
                run.cancel()
                _ = await run.result
                throw error
            }
        }

        @Test func `a graceful shutdown ends it at once, and nothing of it is left`() async throws {
            try await withRedis { server in
                // The quickest of some: others may keep this machine busy.
                var quickest = Duration.seconds(60)
                for _ in 1...10 {
                    try await withScheduler(on: server) { scheduler in
                        let askedAt = try await withGroup([scheduler]) { group in
                            try await eventually("it leads") { await scheduler.health.state == .leading }
                            #expect(try server.traces().contains("rq:cron_jobs:lock"))
                            return ContinuousClock.now
                        }
                        quickest = min(quickest, ContinuousClock.now - askedAt)
                        #expect(await scheduler.health.state == .stopped)
                        #expect(try server.traces() == [])
                    }
                }
                print("from the request to the end: \(quickest)")
                #expect(quickest < .milliseconds(100))
            }
        }

        @Test func `one that stands by ends as well, and leaves the lock to its holder`() async throws {
            try await withRedis { server in
                try await withScheduler(on: server) { leader in
                    try await whileRunning(leader) {
                        try await withScheduler(on: server) { second in
                            try await withGroup([second]) { _ in
                                try await eventually("it stands by") { await second.health.state == .standingBy }
                            }
                            #expect(await second.health.state == .stopped)
                        }
                        #expect(await leader.health.state == .leading)
                        #expect(try server.traces().contains("rq:cron_jobs:lock"))
                    }
                }
            }
        }

        @Test func `one whose group shuts down before it began sends nothing and returns`() async throws {
            try await withRedis { server in
                try await withScheduler(on: server) { scheduler in
                    let before = try server.connectionsSoFar()
                    let late = Late(service: scheduler)
                    try await withGroup([late]) { _ in
                        _ = try await late.waits.wait(for: "the service") { $0 ? true : nil }
                    }
                    #expect(await scheduler.health.state == .stopped)
                    #expect(try server.connectionsSoFar() == before)
                }
            }
        }

        @Test func `batches in flight are finished: all that was queued is known to have been`() async throws {
            try await withRedis { server in
                for round in 1...3 {
                    try server.command("FLUSHALL")
                    try await withScheduler(on: server) { scheduler in
                        try await scheduler.connection.apply(everySecond(2_000))
                        try await withGroup([scheduler]) { _ in
                            try await eventually("jobs are queued") { try server.queued(in: "q") > round * 500 }
                        }
                        #expect(await scheduler.health.enqueued == (try server.queued(in: "q")))
                        #expect(try server.traces() == [])
                    }
                }
            }
        }

        @Test func `the page ends with its group`() async throws {
            try await withRedis { server in
                try await withScheduler(on: server) { scheduler in
                    let page = CronWeb(connection: scheduler.connection, scheduler: scheduler)
                    try await withGroup([scheduler, page]) { _ in
                        try await eventually("it leads") { await scheduler.health.state == .leading }
                    }
                    #expect(await scheduler.health.state == .stopped)
                }
            }
        }
    }

    /// A service that begins only when its group is shutting down.
    private struct Late: Service {
        let service: any Service
        let waits = Observed(false)

        func run() async throws {
            waits.update { $0 = true }
            try await gracefulShutdown()
            try await service.run()
        }
    }
#endif
