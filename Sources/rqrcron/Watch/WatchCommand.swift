import RQWire
import RedisBridge
import RedisCron

/// `rqrcron watch`.
struct WatchCommand: Sendable {
    /// How often the index is read.
    private static let period = Duration.milliseconds(200)
    /// How far ahead of the present it is read, so that what becomes due was seen before.
    private static let horizon = 2.0
    /// Most entries that are followed at the same time.
    private static let limit = 100_000

    private let invocation: Invocation
    private let isJSON: Bool
    private let announced = AnnouncedIDs()

    init(_ invocation: Invocation) {
        self.invocation = invocation
        isJSON = invocation.arguments.has(.json)
    }

    func run() async throws {
        let address = try RedisAddress(invocation: invocation).parsed()
        let keys = try RQKeys(prefix: invocation.keyPrefix)
        _ = try await TerminationSignals.shared.cancelling {
            let loop = try EventLoop()
            let client = RedisClient(url: address, keyPrefix: invocation.keyPrefix, on: loop)
            var subscription = try await client.subscribe(to: [keys.events])
            while true {
                do {
                    try await follow(subscription, client, keys)
                } catch let error as RedisError where error.isPassing {
                    StandardError.write(
                        "rqrcron: \(FailureText.line(for: error)); watching again as soon as it answers\n")
                    await subscription.close()
                    subscription = try await subscribedAgain(client, keys)
                    StandardError.write("rqrcron: watching again; what happened meanwhile was not seen\n")
                }
            }
        }
    }

    /// Shows what is announced and what is enqueued, until one of both ends by an error or by cancellation.
    private func follow(_ subscription: RedisSubscription, _ client: RedisClient, _ keys: RQKeys) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await follow(subscription) }
            group.addTask { try await follow(client, keys) }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// Asks until the server, or the one that took its place, answers.
    private func subscribedAgain(_ client: RedisClient, _ keys: RQKeys) async throws -> RedisSubscription {
        while true {
            do {
                return try await client.subscribe(to: [keys.events])
            } catch {
                guard error.isPassing else { throw error }
            }
            try await Task.sleep(for: Self.period)
        }
    }

    /// Shows what is announced.
    private func follow(_ subscription: RedisSubscription) async throws {
        for try await element in subscription {
            switch element {
            case .message(let message):
                guard let line = WatchLine(message: message.payload, at: SystemClock.now()) else { continue }
                try show(line)
                announced.insert(Array(line.id.utf8), at: line.time.score)
            case .overflowed(let dropped):
                StandardError.write("rqrcron: \(dropped) announcements came faster than they could be shown\n")
            }
        }
    }

    /// Shows what is enqueued.
    private func follow(_ client: RedisClient, _ keys: RQKeys) async throws {
        var window = DueWindow()
        // The last run that was shown of what departed lately: an edit may make it depart again.
        var shown: [[UInt8]: Timestamp] = [:]
        while true {
            // Taken before the index is read, which then has what was announced, or has had it: of an announcement that
            // came during the reading, an index without it would say that it ran already.
            let news = announced.take()
            let now = SystemClock.now()
            let command = RedisCommand(
                "ZRANGEBYSCORE", keys.cronJobs, "-inf", String(now.score + Self.horizon), "WITHSCORES", "LIMIT", 0,
                Self.limit)
            let reply = try await client.send(command).array ?? []
            let entries = stride(from: 0, to: reply.count - 1, by: 2).map { index in
                (id: reply[index].bytes ?? [], score: Double(reply[index + 1].string ?? "") ?? 0)
            }
            let departures = window.update(entries, now: now.score, announced: news)
            if shown.count > Self.limit { shown = [:] }
            for departure in departures {
                guard let line = try await line(for: departure, client, keys), shown[departure.id] != line.time
                else { continue }
                shown[departure.id] = line.time
                try show(line)
            }
            try await Task.sleep(for: Self.period)
        }
    }

    /// What became of an entry: an enqueue, if the definition says that it ran; else the edit is announced.
    private func line(
        for departure: DueWindow.Departure, _ client: RedisClient, _ keys: RQKeys
    ) async throws -> WatchLine? {
        let id = String(decoding: departure.id, as: UTF8.self)
        let fields = ["latest_enqueue_time", "queue_name", "next_enqueue_time", "created_at"]
        let key = Array(keys.cronJobPrefix.utf8) + departure.id
        let reply = try await client.send(RedisCommand("HMGET", arguments: [key] + fields)).array ?? []
        let values = reply.map { $0.string ?? "" }
        guard values.count == fields.count, let latest = try? Timestamp(parsing: values[0]),
            latest.score >= departure.score - 0.001
        else { return nil }
        // The id of the job follows from its planned time, which for a first run of an interval is its creation.
        let planned = [Timestamp(score: departure.score), try? Timestamp(parsing: values[3])].compactMap { $0 }
        var job: RQJobID?
        for time in planned where job == nil {
            let candidate = RQJobID.planned(definition: departure.id, at: time)
            if try await client.send(RedisCommand("EXISTS", keys.job(candidate))).integer == 1 { job = candidate }
        }
        return WatchLine(
            time: latest, event: "enqueued", id: id, queue: values[1], job: job,
            next: values[2].isEmpty ? nil : values[2])
    }

    private func show(_ line: WatchLine) throws {
        try StandardOutput.write(isJSON ? line.json : line.text)
    }
}

extension RedisError {
    /// Whether the server may be there again in a moment.
    fileprivate var isPassing: Bool {
        switch code {
        case .connectionLost, .connectFailed, .connectTimedOut, .unresponsive, .timedOut, .noMaster, .closed,
            // Certificates and keys that are being replaced, file by file.
            .tlsFailed, .tlsMisconfigured:
            prefix != .noAuth && prefix != .wrongPass && prefix != .noPerm
        case .server: prefix == .loading || prefix == .masterDown || prefix == .clusterDown
        default: false
        }
    }
}
