import RedisCron

/// A service that edits a definition while the scheduler runs: after three runs, once a minute is often enough.
///
/// The scheduler hears of the edit and obeys at once, in this process or in any other.
struct Moderator {
    let connection: RedisCronConnection
    let events: SchedulerEvents

    func run() async throws {
        var runs = 0
        for await event in events {
            guard case .enqueued(let enqueued) = event else { continue }
            runs += enqueued.count { $0.id == "metric:pm25" }
            guard runs >= 3 else { continue }
            var job = try await RedisCronJob.fetch(id: "metric:pm25", on: connection)
            job.schedule = .every(.seconds(60))
            try await job.save()
            log("info", "metric:pm25 runs every 60 s from now on")
            break
        }
        // A service that returns would end the app.
        while !Task.isCancelled { try await Task.sleep(for: .seconds(3600)) }
    }
}
