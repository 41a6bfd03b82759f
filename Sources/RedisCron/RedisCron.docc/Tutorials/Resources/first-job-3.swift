import RedisCron

let connection = try RedisCronConnection(url: "redis://localhost:6379/0")

var options = RedisCronScheduler.Options()
options.definitions = [
    CronJobDeclaration(
        id: "report",
        call: CallSpec("tasks.report", queue: "reports", kwargs: ["city": "Berlin"]),
        schedule: .every(.seconds(10)))
]

let scheduler = try RedisCronScheduler(connection: connection, options: options)
let running = Task { try await scheduler.run() }
