#if Tracing
    import InMemoryTracing
    import RedisCron
    import TestSupport
    import Testing
    import Tracing

    @Suite(.timeLimit(.minutes(5)))
    struct TracerTests {
        /// A tracer that keeps its spans, and injects what the W3C's Trace Context says.
        private struct W3CTracer: Tracer {
            private let spans = InMemoryTracer(
                idGenerator: InMemoryTracer.IDGenerator(
                    nextTraceID: { Self.digits(32) }, nextSpanID: { Self.digits(16) }))

            var finished: [FinishedInMemorySpan] { spans.finishedSpans }
            var active: [InMemorySpan] { spans.activeSpans }

            private static func digits(_ count: Int) -> String {
                String((0..<count).map { _ in "0123456789abcdef".randomElement() ?? "0" })
            }

            func startSpan<Instant: TracerInstant>(
                _ operationName: String, context: @autoclosure () -> ServiceContext, ofKind kind: SpanKind,
                at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
            ) -> InMemorySpan {
                spans.startSpan(
                    operationName, context: context(), ofKind: kind, at: instant(), function: function, file: fileID,
                    line: line)
            }

            func forceFlush() {}

            func inject<Carrier, Inject: Injector>(
                _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
            ) where Carrier == Inject.Carrier {
                guard let span = context.inMemorySpanContext else { return }
                injector.inject("00-\(span.traceID)-\(span.spanID)-01", forKey: "traceparent", into: &carrier)
            }

            func extract<Carrier, Extract: Extractor>(
                _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
            ) where Carrier == Extract.Carrier {}
        }

        @Test func `each batch is a span of its own trace`() async throws {
            try await withRedis { server in
                let tracer = W3CTracer()
                try await withScheduler(on: server, options: { $0.tracer = SchedulerTracer(tracer) }) { scheduler in
                    try await scheduler.connection.apply(everySecond(50))
                    try await whileRunning(scheduler) {
                        try await eventually("all are queued") { try server.queued(in: "q") >= 150 }
                    }
                    #expect(tracer.active.isEmpty)
                    let spans = tracer.finished
                    #expect(!spans.isEmpty)
                    #expect(Set(spans.map(\.traceID)).count == spans.count)
                    #expect(
                        spans.allSatisfy {
                            $0.operationName == "rediscron.batch" && $0.kind == .producer && $0.parentSpanID == nil
                                && $0.attributes.get("messaging.system") == .string("rq")
                                && $0.attributes.get("messaging.destination.name") == .string("q") && $0.errors.isEmpty
                        })
                    let queued = spans.compactMap { span in
                        if case .int64(let count) = span.attributes.get("rediscron.queued") { Int(count) } else { nil }
                    }
                    #expect(queued.reduce(0, +) == (try server.queued(in: "q")))
                }
            }
        }

        @Test func `a worker reads the span in the meta of the job`() async throws {
            try await withRedis { server in
                let tracer = W3CTracer()
                try await withScheduler(
                    on: server, options: { $0.tracer = SchedulerTracer(tracer, marksJobs: true) }
                ) { scheduler in
                    try await scheduler.register(
                        functionName: "app.tasks.rebuild", queueName: "q", id: "traced", interval: .seconds(3_600),
                        meta: ["tenant": "a", "traceparent": "old"])
                    try await whileRunning(scheduler) {
                        try await eventually("it is queued") { try server.queued(in: "q") == 1 }
                    }
                }
                try await PythonEnvironment().run(
                    ["-m", "rq.cli", "worker", "--burst", "--url", server.socketURL, "q"], within: .seconds(60))
                let call = try #require(try server.command("LRANGE", "calls", 0, -1).strings.first)
                let span = try #require(tracer.finished.first)
                #expect(call.contains("'traceparent': '00-\(span.traceID)-\(span.spanID)-01'"), "\(call)")
                #expect(call.contains("'tenant': 'a'"), "\(call)")
            }
        }

        @Test func `a batch that Redis refuses ends its span with the error`() async throws {
            try await withRedis { server in
                let tracer = W3CTracer()
                try await withScheduler(on: server, options: { $0.tracer = SchedulerTracer(tracer) }) { scheduler in
                    try await whileRunning(scheduler) {
                        try server.command("CONFIG", "SET", "maxmemory", 1)
                        _ = try await eventually("a span has failed") {
                            try server.command("CONFIG", "SET", "maxmemory", 0)
                            _ = try? await scheduler.register(
                                functionName: "app.tasks.rebuild", queueName: "q", id: "refused", interval: .seconds(1))
                            try server.command("CONFIG", "SET", "maxmemory", 1)
                            try await Task.sleep(for: .milliseconds(1_100))
                            return tracer.finished.contains { !$0.errors.isEmpty && $0.status?.code == .error }
                        }
                        try server.command("CONFIG", "SET", "maxmemory", 0)
                    }
                    #expect(tracer.active.isEmpty)
                }
            }
        }
    }
#endif
