import Hummingbird
import Logging
import RedisCron
import RedisCronWeb
import ServiceLifecycle

/// A Hummingbird app that feeds Python RQ workers: the scheduler is one of its services, and its page is at `/cron/`.
///
/// ```
/// REDIS_URL=redis://localhost:6379/0 HTTP_PORT=8080 swift run --package-path docs/examples/HummingbirdApp
/// ```
@main
struct App {
    static func main() async throws {
        let environment = Environment()
        let url = environment.get("REDIS_URL") ?? "redis://localhost:6379/0"
        let port = environment.get("HTTP_PORT", as: Int.self) ?? 8080
        let logger = Logger(label: "app")

        let connection = try RedisCronConnection(url: url)
        let scheduler = try scheduler(on: connection, logger: logger)
        // A connection of its own: what the page reads holds up no tick.
        let pageConnection = try RedisCronConnection(url: url)
        var options = CronWeb.Options()
        options.mountPath = "/cron"
        options.logger = SchedulerLogger(logger)
        let page = CronWeb(connection: pageConnection, scheduler: scheduler, options: options)

        let server = Application(
            router: router(page: page, scheduler: scheduler),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port)),
            logger: logger)
        // They are shut down from the last to the first. The page ends its open event streams, for which the server would wait.
        // Then the scheduler gives the lock to another instance, before the server has answered its last request.
        let group = ServiceGroup(
            services: [server, scheduler, page], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        try await group.run()
        await pageConnection.close()
        await connection.close()
        let enqueued = await scheduler.health.enqueued
        logger.info("The app has ended", metadata: ["enqueued": "\(enqueued)"])
    }

    private static func scheduler(
        on connection: RedisCronConnection, logger: Logger
    ) throws -> RedisCronScheduler {
        var options = RedisCronScheduler.Options()
        // Of several instances one schedules; the others wait for their turn.
        options.whenLockHeld = .standBy
        options.logger = SchedulerLogger(logger)
        options.definitions = [
            CronJobDeclaration(
                id: "metric:pm25", call: CallSpec("app.tasks.rebuild", queue: "metrics", args: ["pm25"]),
                schedule: .every(.seconds(300))),
            CronJobDeclaration(
                id: "report", call: CallSpec("app.tasks.report", queue: "mail", kwargs: ["deep": true]),
                schedule: .cron("0 7 * * mon-fri", timeZone: "Europe/Berlin")),
        ]
        return try RedisCronScheduler(connection: connection, options: options)
    }

    private static func router(page: CronWeb, scheduler: RedisCronScheduler) -> Router<BasicRequestContext> {
        let router = Router()
        router.add(middleware: CronPage(web: page))
        router.get("/") { _, _ in "What it schedules: /cron/\n" }
        router.get("health") { _, _ -> HTTPResponse.Status in
            let health = await scheduler.health
            let isWell = [.leading, .standingBy].contains(health.state) && health.disconnectedSince == nil
            return isWell ? .ok : .serviceUnavailable
        }
        return router
    }
}
