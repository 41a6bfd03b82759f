import Foundation
import ProcessSpawn

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The commands that read or write all definitions, as processes: how long they take and how much memory, and how soon the scheduler leads
/// beside so many.
struct CommandTimes {
    /// One command.
    struct Result: Codable {
        let name: String
        let seconds: Double
        /// Processor time of the command's process.
        let ownSeconds: Double
        let redisSeconds: Double
        /// The most resident memory.
        let megabytes: Double
    }

    struct Report: Codable {
        let definitions: Int
        let commands: [Result]
        /// From the start of `rqrcron run` until its lock stands in Redis.
        let secondsToLead: Double
    }

    let definitions: Int

    /// - Returns: nil when the tool has not been built.
    func run(on server: BenchmarkServer) async throws -> Report? {
        guard let tool = RunningProgram.rqrcron else { return nil }
        Progress.note("commands: \(definitions) definitions")
        try server.control.command("FLUSHALL")
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("commands-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (file, changed) = (
            folder.appendingPathComponent("jobs.json").path, folder.appendingPathComponent("new.json").path
        )
        try write(to: file) { _ in false }
        // One in a hundred.
        try write(to: changed) { $0 % 100 == 7 }
        let calls: [(name: String, words: [String])] = [
            ("apply, all of them new", ["apply", file]), ("apply, none of them new", ["apply", file]),
            ("apply, one in a hundred changed", ["apply", changed]), ("info", ["info"]),
            ("info --json", ["info", "--json"]), ("export", ["export"]),
            ("export --format crontab", ["export", "--format", "crontab"]), ("doctor", ["doctor"]),
        ]
        var results: [Result] = []
        for call in calls {
            results.append(try measure(tool, call.name, call.words, on: server))
            guard try server.control.command("ZCARD", "rq:cron_jobs").integer == definitions else {
                throw BenchmarkError("after \(call.name) the index does not hold \(definitions) definitions")
            }
        }
        return Report(
            definitions: definitions, commands: results, secondsToLead: try timeToLead(tool, on: server))
    }

    private func measure(
        _ tool: String, _ name: String, _ words: [String], on server: BenchmarkServer
    ) throws -> Result {
        let redisBefore = try server.processorSeconds()
        let start = ContinuousClock.now
        let process = try Spawn(tool, words + ["--url", server.socket.url]).start()
        var (status, usage) = (CInt(0), rusage())
        while wait4(process, &status, 0, &usage) < 0 {
            guard errno == EINTR else { throw BenchmarkError("cannot wait for \(name)") }
        }
        let seconds = (ContinuousClock.now - start).inSeconds
        // The doctor finds something: no scheduler leads.
        guard status == 0 || name == "doctor" && status == 1 << 8 else {
            throw BenchmarkError("\(name) ended with status \(status)")
        }
        func processor(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        #if os(Linux)
            let unit = 1024.0
        #else
            let unit = 1.0
        #endif
        return Result(
            name: name, seconds: seconds, ownSeconds: processor(usage.ru_utime) + processor(usage.ru_stime),
            redisSeconds: try server.processorSeconds() - redisBefore,
            megabytes: Double(usage.ru_maxrss) * unit / 1_048_576)
    }

    private func timeToLead(_ tool: String, on server: BenchmarkServer) throws -> Double {
        // Nothing is to be due meanwhile.
        let day = String(Int(Date().timeIntervalSince1970) + 86_400)
        try server.control.command(
            "EVAL",
            "for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do redis.call('ZADD', KEYS[1], ARGV[1], id) end",
            "1", "rq:cron_jobs", day)
        let start = ContinuousClock.now
        let process = try RunningProgram(Spawn(tool, ["run", "--url", server.socket.url]))
        defer { process.terminate() }
        while try server.control.command("EXISTS", "rq:cron_jobs:lock").integer == 0 {
            guard ContinuousClock.now - start < .seconds(60) else { throw BenchmarkError("rqrcron run does not lead") }
            Pause.milliseconds(1)
        }
        return (ContinuousClock.now - start).inSeconds
    }

    /// Writes a file for `apply`: 20 queues, cron expressions and intervals, arguments and options of several kinds.
    private func write(to path: String, changing isChanged: (Int) -> Bool) throws {
        let crons = ["*/5 * * * *", "0 7 * * mon-fri", "30 3 * * *", "0 */2 * * *", "15 6 1 * *", "0 9 * * 1"]
        let intervals = [60, 300, 900, 3_600, 7_200, 86_400]
        guard let file = fopen(path, "w") else { throw BenchmarkError("cannot write \(path)") }
        defer { fclose(file) }
        fputs("{\"source\": \"bench\", \"jobs\": [", file)
        for number in 0..<definitions {
            let schedule =
                number % 3 == 0
                ? "\"cron\": \"\(crons[number / 3 % 6])\", \"timezone\": \"Europe/Berlin\""
                : "\"interval\": \(intervals[number % 6])"
            var options =
                isChanged(number) ? ", \"args\": [\"changed\", \(number)]" : ", \"args\": [\"pm25\", \(number)]"
            switch number % 10 {
            case 2, 3: options += ", \"kwargs\": {\"deep\": true, \"region\": \"eu-\(number % 9)\"}"
            case 7: options += ", \"job_timeout\": 600"
            case 8: options += ", \"result_ttl\": 3600, \"meta\": {\"team\": \"data\"}"
            default: break
            }
            if number % 50 == 0 { options += ", \"overlap\": \"skip\"" }
            fputs(
                """
                \(number == 0 ? "" : ",")
                {"id": "\(["metric", "report", "sync", "mail"][number % 4]):\(number)", "func": "app.tasks.rebuild", \
                "queue": "queue-\(number * 7 % 20)", \(schedule)\(options)}
                """, file)
        }
        fputs("\n]}\n", file)
    }
}
