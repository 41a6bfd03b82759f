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
    /// Definitions looked at in one round trip.
    private static let page = 500

    private let invocation: Invocation
    private let isJSON: Bool

    init(_ invocation: Invocation) {
        self.invocation = invocation
        isJSON = invocation.arguments.has(.json)
    }

    func run() async throws {
        let address = try RedisAddress(invocation: invocation).parsed()
        let keys = try RQKeys(prefix: invocation.keyPrefix)
        _ = try await TerminationSignals.shared.cancelling {
            let loop = try RedisEventLoop()
            let client = RedisClient(url: address, keyPrefix: invocation.keyPrefix, on: loop)
            var (subscription, check) = try await subscribe(client, keys)
            while true {
                do {
                    try await follow(subscription, check, client, keys)
                } catch let error as RedisError where error.isPassing {
                    StandardError.write(
                        "rqrcron: \(FailureText.line(for: error)); watching again as soon as it answers\n")
                    await subscription.close()
                    (subscription, check) = try await subscribedAgain(client, keys)
                    StandardError.write("rqrcron: watching again; what happened meanwhile was not seen\n")
                }
            }
        }
    }

    /// Listens from now on, and knows what the database said before.
    private func subscribe(
        _ client: RedisClient, _ keys: RQKeys
    ) async throws(RedisError) -> (RedisSubscription, AnnouncementCheck) {
        // A server that loads its data lets one subscribe, and not read: so it is read first.
        let marker = try await client.send(RedisCommand("GET", keys.lastUpdate)).bytes
        let check = AnnouncementCheck(marker: marker, at: .now)
        return (try await client.subscribe(to: [keys.events]), check)
    }

    /// Asks until the server, or the one that took its place, answers.
    private func subscribedAgain(
        _ client: RedisClient, _ keys: RQKeys
    ) async throws -> (RedisSubscription, AnnouncementCheck) {
        while true {
            do throws(RedisError) {
                return try await subscribe(client, keys)
            } catch {
                guard error.isPassing else { throw error }
            }
            try await Task.sleep(for: Self.period)
        }
    }

    /// Shows what is announced and what is enqueued, until it ends by an error or by cancellation.
    private func follow(
        _ subscription: RedisSubscription, _ check: AnnouncementCheck, _ client: RedisClient, _ keys: RQKeys
    ) async throws {
        let inbox = AnnouncementInbox(limit: Self.limit)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await listen(to: subscription, inbox) }
            group.addTask { try await look(into: inbox, check, client, keys) }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// Takes what is announced off the channel, however long it takes to show it.
    private func listen(to subscription: RedisSubscription, _ inbox: AnnouncementInbox) async throws {
        for try await element in subscription {
            switch element {
            case .message(let message):
                guard let line = WatchLine(message: message.payload, at: SystemClock.now()) else { continue }
                await inbox.insert(Announcement(line: line, heard: .now))
            case .overflowed(let dropped):
                await inbox.drop(dropped)
            }
        }
    }

    /// Shows what was announced and what was enqueued, round by round.
    private func look(
        into inbox: AnnouncementInbox, _ check: AnnouncementCheck, _ client: RedisClient, _ keys: RQKeys
    ) async throws {
        var check = check
        var window = DueWindow()
        // The last run that was shown of what departed lately: an edit may make it depart again.
        var shown: [[UInt8]: Timestamp] = [:]
        while true {
            // Taken before the index is read, which then has what was announced, or has had it: of an announcement that
            // came during the reading, an index without it would say that it ran already.
            let (announcements, dropped) = await inbox.take()
            if dropped > 0 {
                StandardError.write("rqrcron: \(dropped) announcements came faster than they could be shown\n")
            }
            let edits = check.confirmed(announcements, by: try await look(at: announcements, client, keys))
            for edit in edits { try show(edit.line) }
            let now = SystemClock.now()
            let departures = window.update(
                try await upcoming(now, client, keys), now: now.score,
                announced: Dictionary(edits.map { ($0.id, $0.line.time.score) }) { _, last in last })
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

    /// What the database says of the announced definitions.
    private func look(
        at announcements: [Announcement], _ client: RedisClient, _ keys: RQKeys
    ) async throws -> AnnouncementCheck.Look {
        let marker = try await client.send(RedisCommand("GET", keys.lastUpdate)).bytes
        let ids = Array(Set(announcements.map(\.id)))
        var versions: [[UInt8]: [UInt8]?] = [:]
        for start in stride(from: 0, to: ids.count, by: Self.page) {
            let page = ids[start..<min(start + Self.page, ids.count)]
            let commands = page.flatMap { id in
                let key = Array(keys.cronJobPrefix.utf8) + id
                return [RedisCommand("EXISTS", key), RedisCommand("HGET", key, "updated_at")]
            }
            let replies = try await client.pipeline(commands) { _, reply throws(RedisError) in
                // A key of another type is there, and has no version.
                if let error = reply.error, error.prefix != .wrongType { throw error }
                return (isThere: reply.integer == 1, version: reply.copiedBytes)
            }
            for (index, id) in page.enumerated() {
                versions[id] = .some(replies[2 * index].isThere ? replies[2 * index + 1].version : nil)
            }
        }
        return AnnouncementCheck.Look(marker: marker, versions: versions, time: .now)
    }

    /// The index entries that are due or soon will be.
    private func upcoming(
        _ now: Timestamp, _ client: RedisClient, _ keys: RQKeys
    ) async throws -> [(id: [UInt8], score: Double)] {
        let command = RedisCommand(
            "ZRANGEBYSCORE", keys.cronJobs, "-inf", String(now.score + Self.horizon), "WITHSCORES", "LIMIT", 0,
            Self.limit)
        let reply = try await client.send(command).array ?? []
        return stride(from: 0, to: reply.count - 1, by: 2).map { index in
            (id: reply[index].bytes ?? [], score: Double(reply[index + 1].string ?? "") ?? 0)
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
            // Certificates and keys that are being replaced, file by file, and servers that are set up anew.
            .tlsFailed, .tlsMisconfigured, .tlsMismatch:
            prefix != .noAuth && prefix != .wrongPass && prefix != .noPerm
        case .server: prefix == .loading || prefix == .masterDown || prefix == .clusterDown
        default: false
        }
    }
}
