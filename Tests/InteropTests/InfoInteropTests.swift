import RQWire
import RedisCron
import TestSupport
import Testing

/// `rqrcron info` of Python and ours on the same data.
@Suite(.timeLimit(.minutes(3)))
struct InfoInteropTests {
    @Test(.seeded) func `both print the same bytes, whoever wrote the definitions`() async throws {
        var generator = DefinitionGenerator(generator: .ofTest())
        let definitions = try (0..<60).map { _ in try generator.definition() }
        try await withRedis { server in
            let peer = try Peer(on: server)
            try await peer.ask(
                definitions.prefix(30).map { fields in
                    var request = fields
                    request["do"] = "register"
                    return request
                })
            try await withScheduler(on: server) { scheduler in
                for fields in definitions.dropFirst(30) { try await scheduler.register(fields) }
                // Times of every kind: neither, both, the next one alone with and without a fraction, the last one alone.
                for (index, fields) in definitions.enumerated() {
                    let key = "rq:cron_job:\(fields["id"]?.text ?? "")"
                    let next = "2031-01-0\(index % 9 + 1)T00:00:00.00000\(index % 2)Z"
                    let latest = "2026-0\(index % 9 + 1)-03T05:40:00.500000Z"
                    switch index % 4 {
                    case 1: try server.command("HSET", key, "next_enqueue_time", next)
                    case 2: try server.command("HSET", key, "next_enqueue_time", next, "latest_enqueue_time", latest)
                    case 3: try server.command("HSET", key, "next_enqueue_time", "", "latest_enqueue_time", latest)
                    default: break
                    }
                }
            }
            let queues = Set(definitions.compactMap { $0["queue"]?.text }).sorted()
            let zones = ["UTC", "Europe/Berlin"]
            let words: [[String]] = [
                [], ["-R"], ["--by-queue", "--"] + queues.prefix(3), ["--", queues.last ?? "q"], ["none", "-R"],
            ]
            for (index, words) in words.enumerated() {
                let zone = zones[index % 2]
                let code = "import sys; sys.argv[0] = 'rqrcron'; from rediscron.cli import main; main()"
                // Options first: a name of a queue may look like one.
                let arguments = ["info", "-u", server.url] + words
                let theirs = try await peer.python.run(["-c", code] + arguments, environment: ["TZ": zone])
                let ours = try await Rqrcron.run(arguments, environment: ["TZ": zone])
                #expect(ours.status == 0, "\(ours.errors)")
                #expect(Self.withoutTime(ours.output) == Self.withoutTime(theirs), "\(words)")
            }
        }
    }

    private static func withoutTime(_ text: String) -> [Substring] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map {
            $0.hasPrefix("Updated: ") ? "Updated:" : $0
        }
    }
}
