// The code of the getting-started article, compiled so that it stays true. Each part between two marks stands in the
// article as it stands here.
import RedisCron

@main
struct GettingStarted {
    static func main() async throws {
        // mark: connect
        let connection = try RedisCronConnection(url: "redis://localhost:6379/0")
        // mark: declare
        var options = RedisCronScheduler.Options()
        options.definitions = [
            CronJobDeclaration(
                id: "metric:pm25", call: CallSpec("app.tasks.rebuild", queue: "metrics", args: ["pm25"]),
                schedule: .every(.seconds(300))),
            CronJobDeclaration(
                id: "report", call: CallSpec("app.tasks.report", queue: "mail", kwargs: ["deep": true]),
                schedule: .cron("0 7 * * mon-fri", timeZone: "Europe/Berlin")),
        ]
        let scheduler = try RedisCronScheduler(connection: connection, options: options)
        // mark: run
        let running = Task { try await scheduler.run() }
        // mark: edit
        var job = try await connection.job(id: "metric:pm25")
        job.schedule = .every(.seconds(600))
        try await job.save()
        // mark: watch
        let watching = Task {
            for await event in scheduler.events {
                if case .enqueued(let runs) = event {
                    for run in runs { print(run.id, run.jobID, run.planned) }
                }
            }
        }
        // mark: stop
        running.cancel()
        try await running.value
        // mark: end
        await watching.value
        await connection.close()
    }
}
