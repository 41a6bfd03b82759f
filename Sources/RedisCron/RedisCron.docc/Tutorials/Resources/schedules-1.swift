import RedisCron

let definitions: CronJobDeclarations = [
    CronJobDeclaration(
        id: "report", call: CallSpec("tasks.report", queue: "reports"),
        schedule: .cron("0 7 * * mon-fri", timeZone: "Europe/Berlin"))
]
