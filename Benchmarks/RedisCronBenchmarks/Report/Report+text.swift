/// The report for a terminal.
extension Report {
    var text: String {
        let parts = [
            "\(machine.processor), \(machine.cores) cores, Redis \(machine.redis)", throughputText, programText,
            growthText,
            neighboursText, latencyText, distanceText, runsText,
            pageText, commandsText, clusterText,
        ]
        return parts.filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    private var throughputText: String {
        guard let baseline = throughput.first(where: { $0.system == .plainPipeline }) else { return "" }
        var table = TextTable(["system", "jobs/s", "least", "most", "x plain C", "own µs/job", "Redis µs/job"])
        for result in throughput {
            let speed = result.jobsPerSecond
            table.append([
                result.system.title, speed.median.digits(0), speed.least.digits(0), speed.most.digits(0),
                (speed.median / baseline.jobsPerSecond.median).digits(2), result.ownMicroseconds.median.digits(2),
                result.redisMicroseconds.median.digits(2),
            ])
        }
        return table.text + historyText
    }

    private var programText: String {
        guard !program.isEmpty else { return "" }
        var table = TextTable([
            "definitions", "system", "jobs/s", "least", "most", "x sequential C", "x overlapped C", "own µs/job",
            "Redis µs/job",
        ])
        for result in program {
            func times(_ other: ProgramBurst.System) -> String {
                let baseline = program.first { $0.system == other && $0.definitions == result.definitions }
                guard let baseline else { return "-" }
                return (result.jobsPerSecond.median / baseline.jobsPerSecond.median).digits(2)
            }
            let speed = result.jobsPerSecond
            table.append([
                String(result.definitions), result.system.title, speed.median.digits(0), speed.least.digits(0),
                speed.most.digits(0), times(.sequential), times(.overlapped),
                Spread(result.samples.map(\.ownMicroseconds)).median.digits(2),
                Spread(result.samples.map(\.redisMicroseconds)).median.digits(2),
            ])
        }
        return table.text
    }

    private var growthText: String {
        guard !growth.isEmpty else { return "" }
        var table = TextTable([
            "definitions", "warm jobs/s", "bare script", "cold jobs/s", "100 due: ms", "own µs", "Redis µs",
            "overhead B", "text B",
        ])
        for result in growth {
            table.append([
                String(result.definitions), Spread(result.warm.map(\.jobsPerSecond)).median.digits(0),
                Spread(result.bare.map(\.jobsPerSecond)).median.digits(0),
                Spread(result.cold.map(\.jobsPerSecond)).median.digits(0),
                Spread(result.hundredDue.map { $0.seconds * 1000 }).median.digits(2),
                Spread(result.hundredDue.map { $0.ownSeconds * 1e6 }).median.digits(0),
                Spread(result.hundredDue.map { $0.redisSeconds * 1e6 }).median.digits(0),
                result.overheadBytes?.digits(0) ?? "-", result.textBytes.digits(0),
            ])
        }
        return table.text
    }

    private var neighboursText: String {
        neighbours.map { burst in
            """
            A burst of \(burst.jobs), \(burst.cache) cache\(burst.maxRate.map { ", \($0) jobs/s at most" } ?? ""): \(burst.seconds.digits(1)) s; PING p50 \
            \(burst.ping.p50.digits(2)) ms, p99 \(burst.ping.p99.digits(2)) ms, most \(burst.ping.most.digits(2)) ms; of an idle server beside it p50 \
            \(burst.elsewhere.p50.digits(2)) ms, p99 \(burst.elsewhere.p99.digits(2)) ms; without a burst p99 \
            \(burst.idlePing.p99.digits(2)) ms; a batch \(burst.batchMilliseconds.digits(2)) ms; heartbeat \
            \(burst.latestHeartbeatMilliseconds.digits(0)) ms late at most
            """
        }.joined(separator: "\n")
    }

    private var latencyText: String {
        var lines: [String] = []
        if let dispatch { lines.append("Planned time to worker: \(dispatch.text)") }
        if let edit { lines.append("Edit to worker: \(edit.text)") }
        if let storm {
            lines.append(
                "Storm of \(storm.edits) edits in \(storm.seconds.digits(1)) s: \(storm.wakeUps) wake-ups, "
                    + "\(storm.grownMegabytes.digits(1)) MB more at most, \(storm.honoured) of \(storm.definitions) honoured"
            )
        }
        if let start {
            lines.append(
                "exec to worker: \(start.firstEnqueue.text); idle \(start.idleMegabytes.digits(1)) MB resident")
        }
        return lines.joined(separator: "\n")
    }

    /// What recording costs a pass.
    private var historyText: String {
        guard let with = throughput.first(where: { $0.system == .warm }),
            let without = throughput.first(where: { $0.system == .withoutHistory })
        else { return "" }
        let ratio = Spread(zip(with.samples, without.samples).map { $0.jobsPerSecond / $1.jobsPerSecond })
        let cost = Spread(zip(with.samples, without.samples).map { $0.redisMicroseconds - $1.redisMicroseconds })
        return """


            With history \(ratio.median.digits(2)) times as many jobs/s as without (\(ratio.least.digits(2)) to \
            \(ratio.most.digits(2))), \(cost.median.digits(2)) µs more of Redis a job (\(cost.least.digits(2)) to \
            \(cost.most.digits(2))): medians of \(with.samples.count) rounds
            """
    }

    private var runsText: String {
        var lines: [String] = []
        if let recording {
            for (name, sample) in [
                ("taken off the log", recording.unfolding),
                ("looked at and recorded as succeeded", recording.succeeded),
                ("the same as failed", recording.failed),
            ] {
                lines.append(
                    "\(sample.jobs) runs \(name): \(sample.redisMicroseconds.digits(2)) µs of Redis each, "
                        + "\(sample.ownMicroseconds.digits(2)) of ours")
            }
            let memory = recording.memory
            lines.append(
                "A kept run takes \(memory.bytes.digits(0)) bytes of Redis (\(memory.kept) of \(memory.definitions) definitions)"
            )
        }
        for scene in looking {
            lines.append(
                "\(scene.open) open runs, \(Int(Double(scene.ends) / scene.seconds)) ends/s: "
                    + "\((Double(scene.looks) / scene.seconds).digits(0)) looks/s take "
                    + "\((scene.lookSeconds / scene.seconds * 100).digits(2)) % of a core of Redis, all together "
                    + "\((scene.redisSeconds / scene.seconds * 100).digits(1)) %; this process "
                    + "\((scene.ownSeconds / scene.seconds * 100).digits(1)) %")
            if let redis = scene.redisBytes {
                lines.append(
                    "An open run takes \(redis.digits(0)) bytes of Redis, \(scene.ownBytes?.digits(0) ?? "-") of the scheduler"
                )
            }
        }
        return lines.joined(separator: "\n")
    }

    private var commandsText: String {
        guard let commands else { return "" }
        var table = TextTable(["\(commands.definitions) definitions", "seconds", "own s", "Redis s", "MB"])
        for command in commands.commands {
            table.append([
                command.name, command.seconds.digits(1), command.ownSeconds.digits(1), command.redisSeconds.digits(1),
                command.megabytes.digits(0),
            ])
        }
        return table.text + "\nrun leads after \((commands.secondsToLead * 1000).digits(0)) ms"
    }

    private var clusterText: String {
        guard let cluster, let one = cluster.first(where: { $0.masters == 1 }) else { return "" }
        var table = TextTable(["masters", "bursts", "jobs/s", "own µs/job", "Redis µs/job", "both", "x one master"])
        for result in cluster {
            let ratio = result.microseconds.median / one.microseconds.median
            table.append([
                String(result.masters), String(result.samples.count),
                Spread(result.samples.map(\.jobsPerSecond)).median.digits(0),
                Spread(result.samples.map(\.ownMicroseconds)).median.digits(2),
                Spread(result.samples.map(\.redisMicroseconds)).median.digits(2),
                result.microseconds.median.digits(2), ratio.digits(3),
            ])
        }
        return table.text
    }

    private var distanceText: String {
        guard !distance.isEmpty else { return "" }
        var table = TextTable(["round trip ms", "batch", "in flight", "warm jobs/s", "cold jobs/s"])
        for result in distance {
            table.append([
                result.roundTrip.digits(1), String(result.batchSize), String(result.batchesInFlight),
                result.warm.jobsPerSecond.digits(0), result.cold.jobsPerSecond.digits(0),
            ])
        }
        return table.text
    }
}

extension Distribution {
    fileprivate var text: String {
        "least \(least.digits(3)) ms, p50 \(p50.digits(3)), p99 \(p99.digits(3)), most \(most.digits(3))"
    }
}
