#if Tracing
    public import Tracing

    extension SchedulerTracer {
        /// Traces with swift-distributed-tracing: each batch is a span of its own trace, from before it is sent until Redis has
        /// answered.
        ///
        /// - Parameters:
        ///   - tracer: By default the one with which the instrumentation system was bootstrapped.
        ///   - marksJobs: Whether the `meta` of each job gets what the tracer injects, such as `traceparent`, so that a worker can go
        ///     on with the trace. Default `false`.
        public init(_ tracer: any Tracer = InstrumentationSystem.tracer, marksJobs: Bool = false) {
            self.init { jobs, queues in
                let span = tracer.startSpan("rediscron.batch", context: .topLevel, ofKind: .producer)
                span.attributes["messaging.system"] = "rq"
                span.attributes["messaging.operation.type"] = "send"
                span.attributes["messaging.batch.message_count"] = jobs
                span.attributes["messaging.destination.name"] = queues.joined(separator: ",")
                var meta: [String: String] = [:]
                if marksJobs { tracer.inject(span.context, into: &meta, using: DictionaryInjector()) }
                return BatchSpan(span: span, jobMeta: meta)
            }
        }
    }

    private struct DictionaryInjector: Injector {
        func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) {
            carrier[key] = value
        }
    }

    private struct BatchSpan: SchedulerSpan {
        let span: any Span
        let jobMeta: [String: String]

        func end(queued: Int, error: (any Error)?) {
            span.attributes["rediscron.queued"] = queued
            if let error {
                span.recordError(error)
                span.setStatus(SpanStatus(code: .error))
            }
            span.end()
        }
    }
#endif
