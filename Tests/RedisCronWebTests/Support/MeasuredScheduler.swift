import RedisCron
import TestSupport
import Testing

@testable import RedisCronWeb

/// A page beside a scheduler on a server of the test's own, asked for health and metrics.
struct MeasuredScheduler: Sendable {
    let server: RedisServer
    let connection: RedisCronConnection
    let scheduler: RedisCronScheduler
    let web: CronWeb

    init(
        _ server: RedisServer, _ change: (inout RedisCronScheduler.Options) -> Void = { _ in },
        web changeWeb: (inout CronWeb.Options) -> Void = { _ in }
    ) throws {
        self.server = server
        connection = try RedisCronConnection(url: server.socketURL, defaultTimeZone: "UTC")
        var options = RedisCronScheduler.Options()
        options.timeZone = "UTC"
        change(&options)
        scheduler = try RedisCronScheduler(connection: connection, options: options)
        var webOptions = CronWeb.Options()
        changeWeb(&webOptions)
        web = CronWeb(connection: connection, scheduler: scheduler, options: webOptions)
    }

    /// Runs the scheduler beside `body`, which starts when it leads or stands by, and stops it afterwards.
    func whileRunning(_ body: @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [scheduler] in try await scheduler.run() }
            // It ends by being cancelled.
            group.addTask { [web] in try? await web.run() }
            try await eventually("the scheduler leads or stands by") {
                [.leading, .standingBy].contains(await scheduler.health.state)
            }
            try await body()
            group.cancelAll()
            try await group.waitForAll()
        }
        await connection.close()
    }

    func get(_ target: String, accept: String? = nil) async -> (status: Int, type: String?, text: String) {
        await web.get(target, accept: accept)
    }

    /// The values of a metric's series, by their labels as they are written.
    func values(of metric: String) async -> [String: Double] {
        var values: [String: Double] = [:]
        for line in await get("/metrics").text.split(separator: "\n") where line.hasPrefix(metric) {
            let parts = line.split(separator: " ")
            let labels = parts[0].dropFirst(metric.count)
            guard labels.isEmpty || labels.hasPrefix("{") else { continue }
            values[String(labels)] = parts.last.flatMap { Double($0) }
        }
        return values
    }
}

extension CronWeb {
    func get(_ target: String, accept: String? = nil) async -> (status: Int, type: String?, text: String) {
        var headers: CronWebHeaders = ["Host": "localhost"]
        headers["Accept"] = accept
        let answer = await respond(to: CronWebRequest(method: "GET", target: target, headers: headers))
        guard case .bytes(let bytes) = answer.body else { return (answer.status, nil, "a stream") }
        return (answer.status, answer.headers["Content-Type"], String(decoding: bytes, as: UTF8.self))
    }
}
