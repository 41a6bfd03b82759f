import Foundation
import TestSupport
import Testing

@testable import rqrcron

/// A real Prometheus that scrapes the program, with the alerts of docs/monitoring.
@Suite(
    .timeLimit(.minutes(3)), .enabled(if: HTTPListener.isBuilt, "this build has no HTTP"),
    .enabled(if: PrometheusPrograms.areExpected, "prometheus is missing"))
struct PrometheusTests {
    /// One that runs.
    private struct Prometheus {
        let port: Int
        let process: TestSupport.ChildProcess

        /// - Parameters:
        ///   - target: Address and port of what is scraped, each second.
        ///   - directory: Where it keeps its files.
        init(scraping target: String, rules: String, in directory: String) throws {
            port = try RedisServer.freePort()
            try rules.write(toFile: "\(directory)/alerts.yml", atomically: true, encoding: .utf8)
            let configuration = """
                global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
                rule_files: ["\(directory)/alerts.yml"]
                scrape_configs:
                  - job_name: rqrcron
                    static_configs: [{targets: ["\(target)"]}]

                """
            try configuration.write(toFile: "\(directory)/prometheus.yml", atomically: true, encoding: .utf8)
            let programs = try #require(PrometheusPrograms.found, "prometheus is missing: run `make deps`")
            process = try TestSupport.ChildProcess(
                programs.prometheus,
                [
                    "--config.file=\(directory)/prometheus.yml", "--storage.tsdb.path=\(directory)/data",
                    "--web.listen-address=127.0.0.1:\(port)", "--log.level=warn",
                ])
        }

        private struct Answer: Decodable {
            struct Data: Decodable {
                var result: [Sample]?
                var alerts: [Alert]?
            }
            struct Sample: Decodable {
                let value: [Value]
            }
            struct Alert: Decodable {
                let labels: [String: String]
                let state: String
            }
            let data: Data
        }

        /// The time of a sample, or its value, which is a text.
        private enum Value: Decodable {
            case time(Double)
            case text(String)

            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                if let time = try? container.decode(Double.self) {
                    self = .time(time)
                } else {
                    self = .text(try container.decode(String.self))
                }
            }
        }

        /// - Returns: `nil` while it does not answer.
        private func ask(_ target: String) async -> Answer.Data? {
            guard let client = try? RawHTTPClient(port: port) else { return nil }
            client.send("GET \(target) HTTP/1.0\r\nHost: localhost\r\n\r\n")
            guard let text = await client.readToEnd(), let end = text.range(of: "\r\n\r\n") else { return nil }
            return try? JSONDecoder().decode(Answer.self, from: Data(text[end.upperBound...].utf8)).data
        }

        /// The value of a query that has one.
        func value(_ query: String) async -> Double? {
            let allowed = CharacterSet.alphanumerics
            guard let text = query.addingPercentEncoding(withAllowedCharacters: allowed),
                let samples = await ask("/api/v1/query?query=\(text)")?.result, samples.count == 1,
                case .text(let value)? = samples[0].value.last
            else { return nil }
            return Double(value)
        }

        /// The names of the alerts that fire; `nil` while it does not answer.
        func firing() async -> Set<String>? {
            guard let alerts = await ask("/api/v1/alerts")?.alerts else { return nil }
            return Set(alerts.filter { $0.state == "firing" }.compactMap { $0.labels["alertname"] })
        }
    }

    /// The rules of docs, with a shorter patience: nobody waits for minutes here.
    private static func rules() throws -> String {
        let text = try String(contentsOfFile: "\(PackageRoot.path)/docs/monitoring/alerts.yml", encoding: .utf8)
        return text.replacing(/for: [0-9]+m/, with: "for: 2s")
    }

    @Test func `it has what Redis has, and tells when nobody leads`() async throws {
        try await withTemporaryDirectory { directory in
            try await withRedis { server in
                let leader = try Rqrcron.start(["run", "--http", "127.0.0.1:0"], on: server)
                defer { leader.kill() }
                try await leader.waitForOutput(containing: "leads")
                let port = try #require(leader.errors.firstMatch(of: /at http:\/\/.*:([0-9]+)\//)).output.1
                let prometheus = try Prometheus(
                    scraping: "127.0.0.1:\(port)", rules: try Self.rules(), in: directory.path)
                defer { prometheus.process.kill() }
                try await eventually("it scrapes a leader", within: .seconds(30)) {
                    await prometheus.value("rediscron_leader") == 1
                }

                for (number, function) in ["rebuild", "rebuild", "rebuild", "fail"].enumerated() {
                    let made = try await Rqrcron.run(
                        [
                            "register", "job \(number)", "--func", "app.tasks.\(function)", "--queue", "q",
                            "--interval",
                            "86400",
                        ], on: server)
                    #expect(made.status == 0, "\(made.errors)")
                }
                try await eventually("all are queued", within: .seconds(30)) {
                    try server.command("LLEN", "rq:queue:q").integer == 4
                }
                try await eventually("it counts what was queued", within: .seconds(30)) {
                    await prometheus.value("sum(rediscron_enqueued_total)") == 4
                }
                try await PythonEnvironment().run(["-m", "rq.cli", "worker", "--url", server.url, "--burst", "q"])
                for (outcome, registry) in [("finished", "rq:finished:q"), ("failed", "rq:failed:q")] {
                    let count = try #require(try server.command("ZCARD", registry).integer)
                    #expect(count > 0)
                    try await eventually("it counts what \(outcome)", within: .seconds(30)) {
                        await prometheus.value("rediscron_outcomes_total{outcome=\"\(outcome)\"}") == Double(count)
                    }
                }

                #expect(await prometheus.firing()?.contains("RediscronNobodyLeads") == false)
                leader.kill()
                try await eventually("the alert fires", within: .seconds(60)) {
                    await prometheus.firing()?.contains("RediscronNobodyLeads") == true
                }
                // Another one leads once the lock has expired, which here is made to have.
                try server.command("DEL", "rq:cron_jobs:lock")
                let next = try Rqrcron.start(["run", "--http", "127.0.0.1:\(port)"], on: server)
                defer { next.kill() }
                try await next.waitForOutput(containing: "leads")
                try await eventually("it is over", within: .seconds(60)) {
                    await prometheus.firing()?.contains("RediscronNobodyLeads") == false
                }
            }
        }
    }
}
