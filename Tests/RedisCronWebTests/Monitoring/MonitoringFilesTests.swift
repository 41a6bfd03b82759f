import Foundation
import RQWire
import RedisCron
import TestSupport
import Testing

@testable import RedisCronWeb

/// docs/monitoring: rules, dashboard and page, against `promtool` and against the metrics that there are.
@Suite(.timeLimit(.minutes(2)))
struct MonitoringFilesTests {
    private static let folder = "docs/monitoring"

    private static func text(_ name: String) throws -> String {
        try String(contentsOfFile: "\(PackageRoot.path)/\(folder)/\(name)", encoding: .utf8)
    }

    /// The names of all metrics, as Prometheus stores their series.
    private static func metrics() -> Set<String> {
        var job = MeasuredJob(id: "a", queue: "q", function: "m.f")
        (job.next, job.lastEnqueue, job.lastSuccess, job.lastFailure) = (.now, .now, .now, .now)
        (job.lastDuration, job.isRunning) = (.zero, false)
        var metrics = SchedulerMetrics()
        (metrics.leadingSince, metrics.nextDue, metrics.clockSkew) = (.now, .now, .zero)
        let health = SchedulerHealth(state: .leading, lastTick: .now, lastHeartbeat: .now)
        let process = ProcessFigures(
            stat: Array("1 (a)\(String(repeating: " 1", count: 30))".utf8), system: Array("btime 1\n".utf8),
            ticksPerSecond: 100, pageBytes: 4096, openFiles: 1)
        let families =
            SchedulerFamilies(health: health, metrics: metrics, isConnected: true).families
            + [DefinitionFamilies.counts([:])] + DefinitionFamilies.jobs([job])
            + [.info("rediscron_build", "", [[("version", "1")]])] + process.families
        return Set(families.flatMap { family in family.samples.map { family.name + $0.suffix } })
    }

    /// The metrics that a text names.
    private static func named(in text: String) -> Set<String> {
        Set(text.matches(of: /\b(?:rediscron|process)_[a-z_]+[a-z]\b/).map { String($0.output) })
    }

    /// Series of a histogram under its own name.
    private static func base(_ name: String) -> String {
        for suffix in ["_bucket", "_sum", "_count"] where name.hasSuffix(suffix) {
            return String(name.dropLast(suffix.count))
        }
        return name
    }

    @Test(.enabled(if: PrometheusPrograms.areExpected, "promtool is missing"))
    func `promtool finds no fault in the alerts, and each fires when it should`() async throws {
        let checked = try await PrometheusPrograms.check(["check", "rules", "\(Self.folder)/alerts.yml"])
        #expect(checked.outcome == .exited(0), "\(checked.text)")
        let tested = try await PrometheusPrograms.check(["test", "rules", "\(Self.folder)/alerts.test.yml"])
        #expect(tested.outcome == .exited(0), "\(tested.text)")
        // A test for each alert.
        let alerts = try Self.text("alerts.yml").matches(of: /- alert: (\w+)/).map { String($0.output.1) }
        let tests = try Self.text("alerts.test.yml")
        #expect(alerts.count == 9)
        for alert in alerts { #expect(tests.contains(#"alertname="\#(alert)""#), "\(alert)") }
    }

    @Test func `alerts and dashboard name metrics that there are`() throws {
        let known = Self.metrics().union(Self.metrics().map(Self.base))
        for file in ["alerts.yml", "alerts.test.yml", "dashboard.json"] {
            let unknown = Self.named(in: try Self.text(file)).subtracting(known)
            #expect(unknown.isEmpty, "\(file)")
        }
    }

    @Test func `the page has each metric, and no other`() throws {
        let page = Self.named(in: try Self.text("README.md"))
        #expect(page == Set(Self.metrics().map(Self.base)))
    }

    @Test func `the page has each alert`() throws {
        let page = try Self.text("README.md")
        for alert in try Self.text("alerts.yml").matches(of: /- alert: (\w+)/) {
            #expect(page.contains("| `\(alert.output.1)` |"))
        }
    }

    /// The queries of the dashboard, with its variables filled in.
    private func queries() throws -> [String] {
        let dashboard = try JSONValue(parsing: Self.text("dashboard.json"))
        let panels = try #require(dashboard.object?["panels"]?.array)
        #expect(panels.count == 20)
        return panels.flatMap { panel in
            (panel.object?["targets"]?.array ?? []).compactMap { target in
                target.object?["expr"]?.string?.replacing("$__rate_interval", with: "5m").replacing("$job", with: ".*")
                    .replacing("$prefix", with: ".*")
            }
        }
    }

    @Test(.enabled(if: PrometheusPrograms.areExpected, "promtool is missing"))
    func `Prometheus understands each query of the dashboard`() async throws {
        let queries = try queries()
        #expect(queries.count > 30)
        var rules = "groups:\n- name: dashboard\n  rules:\n"
        for (number, query) in queries.enumerated() {
            rules += "  - record: query\(number)\n    expr: '\(query.replacing("'", with: "''"))'\n"
        }
        try await withTemporaryDirectory { directory in
            let path = "\(directory.path)/rules.yml"
            try rules.write(toFile: path, atomically: true, encoding: .utf8)
            let checked = try await PrometheusPrograms.check(["check", "rules", path])
            #expect(checked.outcome == .exited(0), "\(checked.text)")
            #expect(checked.text.contains("\(queries.count) rules found"), "\(checked.text)")
        }
    }
}
