import RQWire
import TestSupport
import Testing

@testable import RedisCronWeb

@Suite(.timeLimit(.minutes(1)))
struct MetricsTextTests {
    private static let families: [MetricFamily] = [
        .counter("a", "Counts \\ and\nmore \"things\".", by: "reason", [("x", 1), ("y", 0)]),
        .info("b", "What it is.", [[("version", "1.0")]]),
        .gauge("c_seconds", "Unknown.", nil),
        .gauge("d_seconds", "Some time.", .time(Timestamp(microseconds: 1_767_225_600_250_000))),
        .histogram("e_seconds", "How long.", bounds: [0.0025, 10], counts: [2, 1, 4], sum: 50.5),
    ]

    @Test func `Prometheus' form has counters and infos under their full names`() {
        let text = String(decoding: MetricsText.body(Self.families, .prometheus), as: UTF8.self)
        #expect(
            text == #"""
                # HELP a_total Counts \\ and\nmore "things".
                # TYPE a_total counter
                a_total{reason="x"} 1
                a_total{reason="y"} 0
                # HELP b_info What it is.
                # TYPE b_info gauge
                b_info{version="1.0"} 1
                # HELP d_seconds Some time.
                # TYPE d_seconds gauge
                d_seconds 1767225600.25
                # HELP e_seconds How long.
                # TYPE e_seconds histogram
                e_seconds_bucket{le="0.0025"} 2
                e_seconds_bucket{le="10.0"} 3
                e_seconds_bucket{le="+Inf"} 7
                e_seconds_sum 50.5
                e_seconds_count 7

                """#)
    }

    @Test func `OpenMetrics has families, units and an end`() {
        let text = String(decoding: MetricsText.body(Self.families, .openMetrics), as: UTF8.self)
        #expect(
            text == #"""
                # HELP a Counts \\ and\nmore \"things\".
                # TYPE a counter
                a_total{reason="x"} 1
                a_total{reason="y"} 0
                # HELP b What it is.
                # TYPE b info
                b_info{version="1.0"} 1
                # HELP d_seconds Some time.
                # TYPE d_seconds gauge
                # UNIT d_seconds seconds
                d_seconds 1767225600.25
                # HELP e_seconds How long.
                # TYPE e_seconds histogram
                # UNIT e_seconds seconds
                e_seconds_bucket{le="0.0025"} 2
                e_seconds_bucket{le="10.0"} 3
                e_seconds_bucket{le="+Inf"} 7
                e_seconds_sum 50.5
                e_seconds_count 7
                # EOF

                """#)
    }

    /// Ids as strangers could choose them.
    private static let ids = [
        #"<script>alert("x")</script>"#, #"a"} 1\nrediscron_leader 1"#, "a\nb", "a\r\nb", "back\\slash\\",
        "nul\u{0}nul",
        "\u{1b}[31m\u{7f}", "é\u{301}\u{2028}\u{10FFFF}", "# EOF", "", " ",
    ]

    private static func jobs(_ ids: [String]) -> [MeasuredJob] {
        ids.map { id in
            var job = MeasuredJob(id: id, queue: id, function: id)
            (job.next, job.lastEnqueue) = (Timestamp(unixSeconds: 5), Timestamp(unixSeconds: 4))
            (job.lastSuccess, job.lastFailure) = (Timestamp(unixSeconds: 3), Timestamp(unixSeconds: 2))
            (job.lastDuration, job.isRunning) = (.milliseconds(1500), true)
            return job
        }
    }

    @Test(arguments: ["prometheus", "openmetrics"])
    func `whatever an id holds, a parser reads it back`(form: String) async throws {
        let format: MetricsFormat = form == "prometheus" ? .prometheus : .openMetrics
        let body = MetricsText.body(DefinitionFamilies.jobs(Self.jobs(Self.ids)), format)
        let samples = try await ParsedMetrics(body, form: form).samples
        // Control characters but the end of a line come as their pictures.
        let shown = Self.ids.map { id in
            String(
                String.UnicodeScalarView(
                    id.unicodeScalars.map { scalar in
                        switch scalar.value {
                        case 0x0a: scalar
                        case 0..<0x20: Unicode.Scalar(0x2400 + scalar.value) ?? scalar
                        case 0x7f: "\u{2421}"
                        default: scalar
                        }
                    }))
        }
        #expect(samples.filter { $0.name == "rediscron_job_info" }.map { $0.labels["id"] } == shown)
        #expect(samples.filter { $0.name == "rediscron_job_info" }.map { $0.labels["func"] } == shown)
        for (name, value) in [
            ("next_enqueue_timestamp_seconds", 5.0), ("last_enqueue_timestamp_seconds", 4),
            ("last_success_timestamp_seconds", 3), ("last_failure_timestamp_seconds", 2),
            ("last_duration_seconds", 1.5),
            ("running", 1),
        ] {
            let series = samples.filter { $0.name == "rediscron_job_\(name)" }
            #expect(series.map { $0.labels["id"] } == shown, "\(name)")
            #expect(series.allSatisfy { $0.value == value && $0.labels.count == 1 }, "\(name)")
        }
        guard format == .prometheus, PrometheusPrograms.found != nil else { return }
        let checked = try await PrometheusPrograms.check(
            ["check", "metrics"], input: String(decoding: body, as: UTF8.self))
        #expect(checked.outcome == .exited(0), "\(checked.text)")
    }

    @Test func `of each id there is one series, of at most 1,000, and none of an id of 64 KiB`() {
        let ids = ["same", "same", String(repeating: "x", count: 65_536)] + (0..<2000).map { "id \($0)" }
        let families = DefinitionFamilies.jobs(Self.jobs(ids))
        #expect(families.allSatisfy { $0.samples.count == 998 })
        #expect(MetricsText.body(families, .openMetrics).count < 1 << 20)
    }

    @Test func `numbers that are none are written as Prometheus has them`() {
        let body = MetricsText.body(
            [
                .gauge(
                    "a", "",
                    [.init(value: .real(.infinity)), .init(value: .real(-.infinity)), .init(value: .real(.nan))])
            ],
            .prometheus)
        let lines = String(decoding: body, as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(lines == ["a +Inf", "a -Inf", "a NaN"])
    }
}
