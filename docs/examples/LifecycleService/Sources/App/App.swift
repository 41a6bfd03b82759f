import Foundation
import Logging
import Metrics
import Prometheus
import RedisCron
import ServiceLifecycle

/// A service without a server: the scheduler, its log lines and its metrics.
///
/// ```
/// REDIS_URL=redis://localhost:6379/0 METRICS_FILE=rediscron.prom swift run --package-path docs/examples/LifecycleService
/// ```
@main
struct App {
    static func main() async throws {
        let environment = ProcessInfo.processInfo.environment
        let logger = Logger(label: "cron")
        let registry = PrometheusCollectorRegistry()
        MetricsSystem.bootstrap(PrometheusMetricsFactory(registry: registry))

        let connection = try RedisCronConnection(url: environment["REDIS_URL"] ?? "redis://localhost:6379/0")
        var options = RedisCronScheduler.Options()
        options.whenLockHeld = .standBy
        options.logger = SchedulerLogger(logger)
        options.meter = .swiftMetrics()
        options.definitions = [
            CronJobDeclaration(
                id: "report", call: CallSpec("app.tasks.report", queue: "mail", kwargs: ["deep": true]),
                schedule: .cron("0 7 * * mon-fri", timeZone: "Europe/Berlin"))
        ]
        let scheduler = try RedisCronScheduler(connection: connection, options: options)

        var services: [any Service] = [scheduler]
        if let path = environment["METRICS_FILE"] {
            // The last one is shut down first. So the file has the scheduler's last counts.
            services.insert(MetricsFile(path: path, registry: registry), at: 0)
        }
        let group = ServiceGroup(
            services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        try await group.run()
        await connection.close()
    }
}
