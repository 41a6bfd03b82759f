import RedisCron
import RedisCronWeb

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A server app that feeds Python RQ workers, with the scheduler as one of its services and the scheduler's page as one of its own.
///
/// ```
/// REDIS_URL=redis://localhost:6379/0 HTTP_PORT=8080 swift run example-server-app
/// ```
@main
struct ServerApp {
    static func main() async {
        do {
            try await run(
                url: environment("REDIS_URL") ?? "redis://localhost:6379/0",
                port: environment("HTTP_PORT").flatMap { UInt16($0) } ?? 8080)
        } catch {
            log("error", "\(error)")
            exit(1)
        }
    }

    static func run(url: String, port: UInt16) async throws {
        // A client that closes early is no reason to end.
        signal(SIGPIPE, SIG_IGN)
        let connection = try RedisCronConnection(url: url)
        var options = RedisCronScheduler.Options()
        options.whenLockHeld = .standBy
        options.logger = SchedulerLogger(minimumLevel: .info) { level, message in log(level.rawValue, message) }
        // Applied when the scheduler first leads or stands by, so that the app starts without a Redis, too. They live in
        // Redis: at each start they are edited where they differ, not added.
        options.definitions = [
            CronJobDeclaration(
                id: "metric:pm25", call: CallSpec("app.tasks.rebuild", queue: "metrics", args: ["pm25"]),
                schedule: .every(.seconds(1))),
            CronJobDeclaration(
                id: "report", call: CallSpec("app.tasks.report", queue: "mail", kwargs: ["deep": true]),
                schedule: .cron("0 7 * * mon-fri", timeZone: "Europe/Berlin")),
        ]
        let scheduler = try RedisCronScheduler(connection: connection, options: options)

        // A connection of its own: what the page reads holds up no tick.
        let pageConnection = try RedisCronConnection(url: url)
        let page = Self.page(of: scheduler, on: pageConnection)
        let server = try WebServer(port: port)
        log("info", "the app is at http://127.0.0.1:\(server.port)/")

        let counter = RunCounter()
        try await withThrowingTaskGroup(of: Void.self) { services in
            services.addTask { try await scheduler.run() }
            services.addTask { await counter.follow(scheduler.events) }
            services.addTask { try await Moderator(connection: connection, events: scheduler.events).run() }
            services.addTask { try await page.run() }
            services.addTask { await server.run { await respond(to: $0, page: page) } }
            services.addTask { await terminationSignal() }
            // Whichever ends first ends them all: a signal in the ordinary case, a service that failed otherwise.
            // Cancelled, the scheduler finishes its batch and gives the lock back before `run()` returns.
            defer { services.cancelAll() }
            try await services.next()
        }
        await pageConnection.close()
        await connection.close()
        log("info", "enqueued \(await counter.total) jobs")
    }

    private static func page(of scheduler: RedisCronScheduler, on connection: RedisCronConnection) -> CronWeb {
        var options = CronWeb.Options()
        options.mountPath = "/cron"
        options.logger = SchedulerLogger(minimumLevel: .info) { level, message in log(level.rawValue, message) }
        return CronWeb(connection: connection, scheduler: scheduler, options: options)
    }

    /// The routes of the app: the page below `/cron`, and one of its own.
    private static func respond(to request: CronWebRequest, page: CronWeb) async -> CronWebResponse {
        let path = request.target.prefix { $0 != "?" }
        if path == "/cron" || path.hasPrefix("/cron/") { return await page.respond(to: request) }
        let headers: CronWebHeaders = ["Content-Type": "text/plain; charset=utf-8"]
        guard path == "/" else { return CronWebResponse(status: 404, headers: headers) }
        return CronWebResponse(status: 200, headers: headers, body: .bytes(Array("What it schedules: /cron\n".utf8)))
    }

    private static func environment(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}

/// One line on standard error.
func log(_ level: String, _ message: String) {
    let line = Array("\(level): \(message)\n".utf8)
    _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
}
