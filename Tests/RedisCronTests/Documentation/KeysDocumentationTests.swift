import Foundation
import RQWire
import TestSupport
import Testing

@testable import RedisCron

/// docs/redis-keys.md names everything that stands in Redis, and docs/architecture.md the files that it sends readers to.
@Suite struct KeysDocumentationTests {
    private func page(_ name: String) throws -> String {
        try String(contentsOfFile: "\(PackageRoot.path)/docs/\(name)", encoding: .utf8)
    }

    @Test func `every field of a definition, a scheduler and a job has a row`() throws {
        let page = try page("redis-keys.md")
        let registration = SchedulerRegistration(name: "s", hostname: "h", pid: 1, createdAt: .newYear, timeZone: "UTC")
        let payload = JobPayload(
            CallSpec(
                "m.f", queue: "q", ttl: .seconds(1), failureTTL: .seconds(1), meta: ["a": 1], retry: JobRetry(max: 1),
                onSuccess: "m.f", onFailure: "m.f", onStopped: "m.f",
                webhooks: [JobWebhook(url: "http://h", event: .failed)]))
        let fields =
            CronJobHash.Field.all.map(\.name) + [
                DefinitionRepository.sourceField, DefinitionRepository.triggeredJobField,
            ]
            + registration.hashFields.map(\.field)
            + RQJobHash.fields(payload: payload, createdAt: .newYear, enqueuedAt: .newYear).map(\.field)
        for field in fields {
            #expect(page.contains("`\(field)`"), "\(field) is missing")
        }
    }

    @Test func `every key has a row`() throws {
        let page = try page("redis-keys.md")
        let keys = RQKeys()
        let names = [
            keys.cronJob("{id}"), keys.cronJobs, keys.lock, keys.lastUpdate, keys.timeZone,
            keys.events, keys.cronSchedulers,
            keys.cronScheduler("{name}"), keys.queues, keys.queue("{name}"), keys.jobPrefix + "{uuid}",
            keys.cronJob("{name}:jobs"), keys.workers(queue: "{queue}"), keys.deletions,
            keys.runs(of: "{id}"), keys.refusals(of: "{id}"), keys.runLog, keys.recentRuns, keys.openRuns,
            keys.watchedRuns,
            keys.runIndex,
            keys.runTotal, keys.intermediate(queue: "{name}"), keys.scheduled(queue: "{name}"),
            keys.pubsub(worker: "{name}"),
        ]
        for name in names {
            #expect(page.contains("| `\(name)` |"), "\(name) is missing")
        }
    }

    @Test func `every script has a row, and every row a script`() throws {
        let page = try page("redis-keys.md")
        let scripts = try FileManager.default.contentsOfDirectory(
            atPath: "\(PackageRoot.path)/Sources/RedisCron/Store/Scripts")
        let rows = page.matches(of: /\| `([a-z_]+\.lua)` \|/).map { String($0.1) }
        #expect(rows.sorted() == scripts.sorted())
    }

    @Test func `the files that the architecture page names exist`() throws {
        let page = try page("architecture.md")
        let files = page.matches(of: /`([A-Z][A-Za-z]+\/[A-Za-z+]+\.swift)`/).map { String($0.1) }
        #expect(files.count >= 5)
        for file in files {
            #expect(FileManager.default.fileExists(atPath: "\(PackageRoot.path)/Sources/RedisCron/\(file)"), "\(file)")
        }
    }
}
