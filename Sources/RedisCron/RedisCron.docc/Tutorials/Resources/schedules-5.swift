import RedisCron
import RedisCronTesting

let definitions: CronJobDeclarations = [
    CronJobDeclaration(
        id: "report", call: CallSpec("tasks.report", queue: "reports"),
        schedule: .cron(
            "0 7 * * mon-fri", timeZone: "Europe/Berlin", excluding: ["2029-12-24/2030-01-02"]))
]

let december21 = Timestamp(unixSeconds: 1_892_505_600)
let scheduler = try TestScheduler(at: december21)
try scheduler.apply(definitions)
let runs = try await scheduler.advance(by: .seconds(14 * 86_400))
for run in runs { print(run) }  // 2029-12-21, then 2030-01-03
