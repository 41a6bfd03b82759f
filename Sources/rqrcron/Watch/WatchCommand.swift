import Cron
import RQWire
import RedisBridge
import RedisCron

/// `rqrcron watch`.
struct WatchCommand: Sendable {
    /// How often the index is read.
    private static let period = Duration.milliseconds(200)
    /// How many seconds ahead it is read, so that an entry is seen before it becomes due.
    private static let horizon = 2.0
    /// The most entries that are followed at a time.
    private static let limit = 100_000
    /// How many definitions are looked up per round trip.
    private static let page = 500

    /// How often it is looked which runs are over.
    private static let endPeriod = Duration.seconds(1)

    private let invocation: Invocation
    private let isJSON: Bool
    private let style: TextStyle

    init(_ invocation: Invocation) {
        self.invocation = invocation
        isJSON = invocation.arguments.has(.json)
        style = TextStyle(environment: invocation.environment)
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
                        "rqrcron: \(FailureText.line(for: error)); will continue when it answers\n")
                    await subscription.close()
                    (subscription, check) = try await subscribedAgain(client, keys)
                    StandardError.write("rqrcron: watching again; events in between were missed\n")
                }
            }
        }
    }

    /// Subscribes, and reads the state of the database before that.
    private func subscribe(
        _ client: RedisClient, _ keys: RQKeys
    ) async throws(RedisError) -> (RedisSubscription, AnnouncementCheck) {
        // A server that is loading its data accepts subscriptions but no reads. So read first.
        let marker = try await client.send(RedisCommand("GET", keys.lastUpdate)).bytes
        let check = AnnouncementCheck(marker: marker, at: .now)
        return (try await client.subscribe(to: [keys.events]), check)
    }

    /// Tries until the server, or the one that took its place, answers.
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

    /// Shows edits, enqueues and ends until an error or cancellation.
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

    /// Takes announcements off the channel, however long showing them takes.
    private func listen(to subscription: RedisSubscription, _ inbox: AnnouncementInbox) async throws {
        for try await element in subscription {
            switch element {
            case .message(let message):
                guard let line = WatchLine(message: message.payload, at: Timestamp.now) else { continue }
                await inbox.insert(Announcement(line: line, heard: .now))
            case .overflowed(let dropped):
                await inbox.drop(dropped)
            }
        }
    }

    /// Shows edits and enqueues, round by round.
    private func look(
        into inbox: AnnouncementInbox, _ check: AnnouncementCheck, _ client: RedisClient, _ keys: RQKeys
    ) async throws {
        var check = check
        var window = DueWindow()
        // The last run that was shown of each definition. An edit may make the same entry depart again.
        var shown: [[UInt8]: Timestamp] = [:]
        var ends: EndWindow? = EndWindow(now: .now)
        var nextLook = ContinuousClock.now
        while true {
            // Taken before the index is read, so that the index already contains these edits. If an announcement came
            // during the reading, its missing entry would look like a run.
            let (announcements, dropped) = await inbox.take()
            if dropped > 0 {
                StandardError.write("rqrcron: missed \(dropped) announcements that came too fast to be shown\n")
            }
            let edits = check.confirmed(announcements, by: try await look(at: announcements, client, keys))
            for edit in edits { try show(edit.line) }
            let now = Timestamp.now
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
            if let window = ends, nextLook <= .now {
                ends = try await showEnds(since: window, client, keys)
                nextLook = .now + Self.endPeriod
            }
            try await Task.sleep(for: Self.period)
        }
    }

    /// Shows runs that are over since the last look, as the scheduler that leads records them.
    ///
    /// - Returns: What was seen; nil where the server does not let us look.
    private func showEnds(
        since window: EndWindow, _ client: RedisClient, _ keys: RQKeys
    ) async throws -> EndWindow? {
        var window = window
        let now = Timestamp.now
        let command = RedisCommand(
            "ZRANGE", keys.runIndex, "+inf", String((now - EndWindow.length).score), "BYSCORE", "REV", "LIMIT", 0,
            EndWindow.limit, "WITHSCORES")
        let reply: [RedisReply]
        do throws(RedisError) {
            reply = try await client.send(command).array ?? []
        } catch {
            guard error.isPassing else { return nil }
            throw error
        }
        let entries = stride(from: 0, to: reply.count - 1, by: 2).map { index in
            (id: DefinitionID(bytes: reply[index].bytes ?? []), score: reply[index + 1].string ?? "")
        }
        let ids = window.update(entries, now: now)
        let prefix = Array(keys.runsPrefix.utf8)
        let lists = try await client.pipeline(
            ids.map { RedisCommand("LRANGE", prefix + $0.bytes, 0, EndWindow.depth - 1) }
        ) { _, reply in RedisReply(reply).array?.compactMap(\.bytes) ?? [] }
        for record in window.take(lists, of: ids) { try show(WatchLine(end: record)) }
        return window
    }

    /// The state of the announced definitions in the database.
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
                // A key of another type exists, but has no version.
                if let error = reply.error, error.prefix != .wrongType { throw error }
                return (isThere: reply.integer == 1, version: reply.copiedBytes)
            }
            for (index, id) in page.enumerated() {
                versions[id] = .some(replies[2 * index].isThere ? replies[2 * index + 1].version : nil)
            }
        }
        return AnnouncementCheck.Look(marker: marker, versions: versions, time: .now)
    }

    /// The index entries that are due now or soon.
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

    /// The enqueue that made an entry depart; nil if an edit did, which is announced.
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
        // The job's id follows from its planned time. For the first run of an interval that is its creation.
        let planned = RQJobID.planned(definition: departure.id, at: Timestamp(score: departure.score))
        var job = try await first(of: [planned], client, keys)
        if job == nil {
            let created = (try? Timestamp(parsing: values[3])).map { RQJobID.planned(definition: departure.id, at: $0) }
            let others = try await delayed(departure, key: key, client, keys) + [created].compactMap(\.self)
            job = try await first(of: others, client, keys)
        }
        return WatchLine(
            time: latest, event: "enqueued", id: id, queue: values[1], job: job,
            next: values[2].isEmpty ? nil : values[2])
    }

    /// The first of these jobs that RQ has.
    private func first(of jobs: [RQJobID], _ client: RedisClient, _ keys: RQKeys) async throws -> RQJobID? {
        for job in jobs where try await client.send(RedisCommand("EXISTS", keys.job(job))).integer == 1 { return job }
        return nil
    }

    /// The jobs that may have been queued by an entry whose score is not its planned time: with jitter it is later, and a run
    /// that waited for others is the last one that its definition remembers.
    private func delayed(
        _ departure: DueWindow.Departure, key: [UInt8], _ client: RedisClient, _ keys: RQKeys
    ) async throws -> [RQJobID] {
        let fields = try await client.send(RedisCommand("HGETALL", key)).array?.compactMap(\.bytes) ?? []
        let pairs = stride(from: 0, to: fields.count - 1, by: 2).map { (field: fields[$0], value: fields[$0 + 1]) }
        guard let definition = try? CronJobHash(fields: pairs) else { return [] }
        var jobs = [OpenRun.list(definition.state.openRuns).last.flatMap { RQJobID($0.jobID) }].compactMap(\.self)
        if let jitter = definition.schedule.jitter,
            let job = try? RedisCronJob.restore(id: definition.id, hash: pairs)
        {
            let published = try await client.send(RedisCommand("GET", keys.timeZone)).string
            let zone = published.flatMap { try? ZoneRules(notation: $0) } ?? .local()
            let due = Timestamp(score: departure.score) + .milliseconds(1)
            let times = try? job.plan(defaultZone: zone).times(1, before: due, from: due - jitter, anchor: job.anchor)
            jobs += (times ?? []).map { RQJobID.planned(definition: departure.id, at: $0) }
        }
        return jobs
    }

    private func show(_ line: WatchLine) throws {
        try StandardOutput.write(isJSON ? line.json : line.text(style))
    }
}

extension RedisError {
    /// Whether the server may work again soon.
    fileprivate var isPassing: Bool {
        switch code {
        case .connectionLost, .connectFailed, .connectTimedOut, .unresponsive, .timedOut, .noMaster, .closed,
            // Certificates and keys may be in the middle of a replacement, and servers in that of a new setup.
            .tlsFailed, .tlsMisconfigured, .tlsMismatch:
            prefix != .noAuth && prefix != .wrongPass && prefix != .noPerm
        case .server: prefix == .loading || prefix == .masterDown || prefix == .clusterDown
        default: false
        }
    }
}

extension Command {
    /// `rqrcron watch`.
    static let watch: Command = Command(
        name: "watch", summary: "Follow edits, enqueues and ends of runs, one line each.",
        discussion: [
            """
            Shows when definitions are created, updated, enabled, disabled and deleted, when any scheduler enqueues them, \
            and what became of their runs, until Ctrl-C. Editors announce their edits. Enqueues are detected in the index, \
            which is read five times a second. Ends are read once a second, where the scheduler that leads records them.
            """
        ],
        rules: [.optional(.json)] + OptionRule.connection
    ) { try await WatchCommand($0).run() }
}
