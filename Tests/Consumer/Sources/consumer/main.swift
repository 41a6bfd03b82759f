import Foundation
import RedisCron
import RedisCronFoundation
import RedisCronTesting
import RedisCronWeb

// What an app writes, by imports of products alone.
let call = CallSpec("app.tasks.rebuild", queue: "metrics", args: ["pm25", 1.5, nil], kwargs: ["deep": true])
let start = Timestamp(Date(timeIntervalSince1970: 1_774_656_000))
let scheduler = try TestScheduler(at: start, timeZone: "Europe/Berlin")
let job = try scheduler.register(id: "metric:pm25", call: call, schedule: .every(.seconds(300)))
try scheduler.register(id: "report", call: call, schedule: .cron("0 7 * * mon-fri", timeZone: "Europe/Berlin"))
let runs = try await scheduler.advance(to: start + .seconds(86_400))
precondition(runs.count > 200 && runs.allSatisfy { $0.planned - start >= .zero }, "\(runs.count) runs")
precondition(job.interval == .seconds(300) && job.jobTimeout == nil)

do {
    let connection = try RedisCronConnection(url: "redis://localhost:6379/0")
    var options = RedisCronScheduler.Options()
    options.definitions = [CronJobDeclaration(id: job.id, call: job.call, schedule: job.schedule, enabled: false)]
    _ = try RedisCronScheduler(connection: connection, options: options)
    let web = CronWeb(connection: connection)
    let answer = await web.respond(to: CronWebRequest(method: "GET", target: "/", headers: ["Host": "localhost"]))
    precondition(answer.status == 200 && answer.headers["Content-Type"] == "text/html; charset=utf-8")
    _ = try RedisCronConnection(url: "http://localhost")
} catch {
    // A typed error: its kind, and its text for people.
    precondition(error.code == .redis || error.code == .invalidOption, error.localizedDescription)
}
print("a day has \(runs.count) runs")
