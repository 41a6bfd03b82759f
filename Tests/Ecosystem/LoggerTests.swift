#if Logging
    import Logging
    import RedisCron
    import TestSupport
    import Testing

    @Suite(.timeLimit(.minutes(5)))
    struct LoggerTests {
        /// One line as a handler got it.
        private struct Record: Sendable {
            let level: Logger.Level
            let message: String
            let metadata: Logger.Metadata
            let source: String
        }

        private struct Recorder: LogHandler {
            let records: Observed<[Record]>
            var metadata: Logger.Metadata = [:]
            var logLevel: Logger.Level

            subscript(metadataKey key: String) -> Logger.Metadata.Value? {
                get { metadata[key] }
                set { metadata[key] = newValue }
            }

            func log(event: LogEvent) {
                records.update {
                    $0.append(
                        Record(
                            level: event.level, message: event.message.description,
                            metadata: metadata.merging(event.metadata ?? [:]) { $1 }, source: event.source))
                }
            }
        }

        private func logger(_ records: Observed<[Record]>, level: Logger.Level = .info) -> Logger {
            var logger = Logger(label: "test") { _ in Recorder(records: records, logLevel: level) }
            logger[metadataKey: "app"] = "ours"
            return logger
        }

        @Test func `a run's line says of which definition, job, queue and planned time it is`() async throws {
            try await withRedis { server in
                let records = Observed<[Record]>([])
                try await withScheduler(on: server, options: { $0.logger = SchedulerLogger(logger(records)) }) {
                    scheduler in
                    try await scheduler.register(
                        functionName: "app.tasks.rebuild", queueName: "mail", id: "report", interval: .seconds(3_600))
                    try await whileRunning(scheduler) {
                        try await eventually("it is queued") { try server.queued(in: "mail") == 1 }
                    }
                    let job = try #require(try server.command("LRANGE", "rq:queue:mail", 0, -1).strings.first)
                    let lines = records.current
                    let line = try #require(lines.first { $0.message.hasPrefix("enqueued") })
                    #expect(line.level == .info)
                    #expect(line.metadata["definition"] == "report")
                    #expect(line.metadata["job"] == "\(job)")
                    #expect(line.metadata["queue"] == "mail")
                    let planned = try #require(line.metadata["planned"]).description
                    #expect(planned.hasSuffix("Z") && planned.hasPrefix("20"), "\(planned)")
                    // That of the logger itself is kept.
                    #expect(line.metadata["app"] == "ours")
                    #expect(lines.allSatisfy { $0.source == "RedisCron" })
                    let first = try #require(lines.first { $0.message.hasSuffix("took the lock and leads") })
                    #expect(Set(first.metadata.keys) == ["app"])
                    #expect(lines.last?.message.contains("stopped") == true)
                }
            }
        }

        @Test func `the line of a batch has the number of its jobs`() async throws {
            try await withRedis { server in
                let records = Observed<[Record]>([])
                try await withScheduler(on: server, options: { $0.logger = SchedulerLogger(logger(records)) }) {
                    scheduler in
                    // With a reader of events the batch is described, and without one it is not: the lines are the same.
                    for hasReader in [false, true] {
                        let reader = hasReader ? scheduler.events.makeAsyncIterator() : nil
                        try server.command("FLUSHALL")
                        records.update { $0 = [] }
                        try await scheduler.connection.apply(everySecond(50))
                        try await scheduler.registerBirth()
                        try await eventually("all are queued") {
                            try await scheduler.enqueueJobs()
                            return try server.queued(in: "q") >= 50
                        }
                        try await scheduler.registerDeath()
                        let lines = records.current.filter {
                            $0.message.hasPrefix("enqueued") && $0.metadata["jobs"] != nil
                        }
                        #expect(!lines.isEmpty)
                        for line in lines { #expect(line.message == "enqueued \(line.metadata["jobs"] ?? "") jobs") }
                        _ = reader
                    }
                }
            }
        }

        @Test(arguments: [
            (Logger.Level.trace, SchedulerLogger.Level.debug), (.debug, .debug), (.info, .info), (.notice, .warning),
            (.warning, .warning), (.error, .error), (.critical, .error),
        ])
        func `lines that the logger would not write are not made`(
            level: Logger.Level, expected: SchedulerLogger.Level
        ) {
            #expect(SchedulerLogger(logger(Observed([]), level: level)).minimumLevel == expected)
        }
    }
#endif
