import RQWire
import RedisCron
import TestSupport
import Testing

/// What a span adds to the `meta` of the jobs of its batch, as a worker reads it.
@Suite(.timeLimit(.minutes(10)))
struct TraceInteropTests {
    private struct Span: SchedulerSpan {
        let jobMeta = ["traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "tracestate": "é\"=1"]
        let ends: Observed<[Int]>

        func end(queued: Int, error: (any Error)?) {
            if error == nil { ends.update { $0.append(queued) } }
        }
    }

    @Test(arguments: JobSerializer.allCases)
    func `a worker finds it beside the meta of the definition`(_ serializer: JobSerializer) async throws {
        try await withRedis { server in
            let ends = Observed<[Int]>([])
            let begun = Observed<[String]>([])
            let peer = try Peer(.rq3, on: server)
            try await withScheduler(
                on: server,
                options: {
                    $0.serializer = serializer
                    $0.tracer = SchedulerTracer { jobs, queues in
                        begun.update { $0.append("\(jobs) for \(queues)") }
                        return Span(ends: ends)
                    }
                }
            ) { scheduler in
                let metas: [JSONObject] = [[:], ["tenant": ["a", 1]], ["traceparent": "old", "z": nil]]
                for (index, meta) in metas.enumerated() {
                    try await scheduler.register(
                        functionName: "app.tasks.rebuild", queueName: "q", id: "\(index)", interval: .seconds(3_600),
                        meta: meta)
                }
                try await whileRunning(scheduler) {
                    try await eventually("all are queued") { try server.command("LLEN", "rq:queue:q").integer == 3 }
                }
            }
            #expect(ends.current.reduce(0, +) == 3)
            #expect(begun.current.count == ends.current.count)
            #expect(begun.current.allSatisfy { $0.hasSuffix("for [\"q\"]") })

            try await peer.work("q", serializer: serializer)
            let metas = try peer.calls().values.compactMap(\.meta).sorted()
            let trace = """
                'traceparent': '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
                """
            let state = """
                'tracestate': 'é"=1'
                """
            #expect(
                metas == [
                    "{'tenant': ['a', 1], \(trace), \(state)}",
                    "{\(trace), \(state)}",
                    "{\(trace), 'z': None, \(state)}",
                ])
        }
    }
}
