import RedisCron

let definitions: CronJobDeclarations = [
    CronJobDeclaration(
        id: "report", call: CallSpec("tasks.report", queue: "reports"),
        schedule: .cron(
            "0 7 * * mon-fri", timeZone: "Europe/Berlin", excluding: ["2029-12-24/2030-01-02"])),
    CronJobDeclaration(
        id: "sync", call: CallSpec("tasks.sync", queue: "reports"),
        schedule: .every(.seconds(3600), jitter: .seconds(600))),
]
