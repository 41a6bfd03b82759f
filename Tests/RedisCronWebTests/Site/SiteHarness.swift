import RedisCron
import TestSupport
import Testing

@testable import RedisCronWeb

/// A page of several key prefixes, with a scheduler for each.
struct SiteHarness: Sendable {
    let server: RedisServer
    let schedulers: [RedisCronScheduler]
    let web: CronWeb

    /// - Parameter change: Changes the options of the page.
    init(
        _ server: RedisServer, _ prefixes: [String], _ change: (inout CronWeb.Options) throws -> Void = { _ in }
    ) throws {
        self.server = server
        let own = try RedisCronConnection(url: server.socketURL, keyPrefix: prefixes[0], defaultTimeZone: "UTC")
        let page = try RedisCronConnection(url: server.socketURL, keyPrefix: prefixes[0], defaultTimeZone: "UTC")
        var options = CronWeb.Options()
        try change(&options)
        var scheduling = RedisCronScheduler.Options()
        scheduling.timeZone = "UTC"
        scheduling.name = "me"
        scheduling.whenLockHeld = .standBy
        var schedules: [CronWeb.Schedule] = []
        for prefix in prefixes {
            let isFirst = prefix == prefixes[0]
            let connection = isFirst ? own : try RedisCronConnection(sharingLinksOf: own, keyPrefix: prefix)
            schedules.append(
                CronWeb.Schedule(
                    connection: isFirst ? page : try RedisCronConnection(sharingLinksOf: page, keyPrefix: prefix),
                    scheduler: try RedisCronScheduler(connection: connection, options: scheduling)))
        }
        schedulers = schedules.compactMap(\.scheduler)
        web = try CronWeb(schedules: schedules, options: options)
    }

    /// Runs schedulers and page beside `body`, which starts when all lead or stand by and all definitions are known.
    func whileRunning(_ body: @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for scheduler in schedulers { group.addTask { try await scheduler.run() } }
            // It ends by being cancelled.
            group.addTask { [web] in try? await web.run() }
            try await eventually("all lead or stand by, and are followed") {
                for mount in web.mounts {
                    guard let state = await mount.scheduler?.health.state, [.leading, .standingBy].contains(state),
                        await mount.catalogue.status.progress == .following
                    else { return false }
                }
                return true
            }
            try await body()
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    func ask(
        _ target: String, _ method: String = "GET", _ headers: CronWebHeaders = [:], body: String = ""
    ) async -> Answer {
        var headers = headers
        if headers["Host"] == nil { headers["Host"] = "localhost" }
        let request = CronWebRequest(method: method, target: target, headers: headers, body: Array(body.utf8))
        return Answer(await web.respond(to: request))
    }
}

/// A page of several key prefixes of a Redis that is not there.
func siteWithoutRedis(
    _ prefixes: [String], _ change: (inout CronWeb.Options) throws -> Void = { _ in }
) throws -> CronWeb {
    var options = CronWeb.Options()
    try change(&options)
    return try CronWeb(
        schedules: prefixes.map {
            CronWeb.Schedule(connection: try RedisCronConnection(url: "redis://127.0.0.1:1", keyPrefix: $0))
        }, options: options)
}
