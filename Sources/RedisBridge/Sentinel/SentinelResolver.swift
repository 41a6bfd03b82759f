/// The master of a service, as its sentinels know it: they are asked before each connection, and the server's role is
/// checked before it is used.
///
/// All sentinels are asked at once, and `SentinelBallot` says which server to believe. `SentinelWatch` listens to them
/// meanwhile.
final class SentinelResolver: RedisEndpointResolver {
    /// How long to wait for the other sentinels once most have answered.
    private static let stragglerTime = Duration.milliseconds(200)
    /// How long a server may take from its promotion until it is a master.
    private static let promotionTime = Duration.seconds(1)
    /// How long a promoted server is believed over sentinels that have not heard of its promotion.
    ///
    /// The first of them names it within a second.
    private static let spreadingTime = Duration.seconds(10)

    private struct State {
        /// Sentinels that did not answer the last question: the next question does not wait for them.
        var absent: Set<RedisEndpoint> = []
        /// A promotion that a sentinel announced and that was not tried yet, and how long to try it, in nanoseconds of
        /// the monotonic clock.
        var heard: (promotion: SentinelPromotion, until: Int64)?
        /// The last promotion that was seen to be complete.
        var seen: SeenPromotion?
    }

    /// A promotion that was complete before all sentinels knew.
    private struct SeenPromotion {
        let promotion: SentinelPromotion
        /// How long it counts, in nanoseconds of the monotonic clock.
        let until: Int64
        /// The highest configuration epoch in the sentinels' answers since.
        var epoch: Int?

        /// Whether it still overrules the sentinels: they name the replaced server, and not under a later epoch than
        /// before.
        mutating func overrules(_ best: SentinelBallot.Candidate, epoch latest: Int?, at now: Int64) -> Bool {
            let isLater = epoch.map { latest ?? -1 > $0 } ?? false
            guard now < until, best.endpoint == promotion.server || best.endpoint == promotion.replaced && !isLater
            else { return false }
            epoch = latest ?? epoch
            return true
        }
    }

    let service: String
    let sentinels: [RedisEndpoint]
    private let named: RedisSentinels
    private let options: RedisConnectionOptions
    private let state = Guarded(State())

    init(_ sentinels: RedisSentinels, options: RedisConnectionOptions) {
        service = sentinels.service
        named = sentinels
        var own = RedisConnectionOptions()
        own.username = sentinels.username
        own.password = sentinels.password
        own.tls = options.tls
        own.connectTimeout = min(options.connectTimeout, .seconds(1))
        own.commandTimeout = min(options.commandTimeout, .seconds(1))
        self.options = own
        self.sentinels = sentinels.endpoints
    }

    /// How sentinels are connected to.
    func sentinelConnector(on eventLoop: RedisEventLoop) -> RedisConnector {
        RedisConnector(options: options, eventLoop: eventLoop)
    }

    // MARK: An attempt

    func connect(with connector: RedisConnector) async throws(RedisError) -> RedisConnection {
        var attempts = FailedAttempts()
        var missed: RedisEndpoint?
        if let (promotion, deadline) = takePromotion() {
            do {
                let connection = try await connect(toPromoted: promotion.candidate, until: deadline, with: connector)
                noteSeen(promotion)
                return connection
            } catch {
                try attempts.append(error)
                missed = promotion.server
            }
        }
        let (candidates, unanswered) = try await ask(on: connector.eventLoop)
        guard !candidates.isEmpty else { throw noAnswer(unanswered) }
        // A server that was unreachable just now is not tried twice; one that was a replica may be a master by now.
        let isGone = attempts.mostInformative.map { $0.code != .noMaster } ?? false
        for candidate in candidates where !isGone || candidate.endpoint != missed {
            do {
                return try await connect(to: candidate, with: connector)
            } catch {
                try attempts.append(error)
            }
        }
        throw named.explainedServer(attempts.error(of: "servers that the sentinels name", count: candidates.count))
    }

    private func connect(
        to candidate: SentinelBallot.Candidate, with connector: RedisConnector
    ) async throws(RedisError) -> RedisConnection {
        let announcer = "the sentinel at \(candidate.announcer)"
        let connection: RedisConnection
        do throws(RedisError) {
            connection = try await connector.connect(to: candidate.endpoint)
        } catch {
            throw error.at(announcer: announcer)
        }
        do throws(RedisError) {
            let role = try await connection.send(RedisCommand("ROLE")).array?.first?.string ?? "nothing"
            guard role == "master" else {
                throw RedisError(
                    .noMaster, "the sentinels name it as the master of '\(service)', but its role is \(role)",
                    endpoint: candidate.endpoint.description)
            }
            return connection
        } catch {
            await connector.giveBack(connection)
            throw error.at(announcer: announcer)
        }
    }

    /// Connects to a server that is being promoted, as soon as it is a master.
    private func connect(
        toPromoted candidate: SentinelBallot.Candidate, until deadline: Int64, with connector: RedisConnector
    ) async throws(RedisError) -> RedisConnection {
        while true {
            do {
                return try await connect(to: candidate, with: connector)
            } catch {
                // A promotion closes all connections; any other failure lasts longer.
                guard error.code == .noMaster || error.code == .connectionLost,
                    RedisEventLoop.monotonicNanoseconds < deadline
                else { throw error }
            }
            do {
                try await connector.eventLoop.sleep(for: .milliseconds(20))
            } catch {
                throw .cancelled(fate: .notSent)
            }
        }
    }

    /// The announced promotion, unless it is too old; it is tried once.
    private func takePromotion() -> (promotion: SentinelPromotion, until: Int64)? {
        let now = RedisEventLoop.monotonicNanoseconds
        return state.withLock { state in
            defer { state.heard = nil }
            return state.heard.flatMap { now < $0.until ? $0 : nil }
        }
    }

    /// A sentinel said that a server is being promoted, or was.
    func hear(of promotion: SentinelPromotion) {
        let until = RedisEventLoop.deadline(after: Self.promotionTime)
        state.withLock { $0.heard = (promotion, until) }
    }

    /// A server whose promotion was announced is a master.
    private func noteSeen(_ promotion: SentinelPromotion) {
        let until = RedisEventLoop.deadline(after: Self.spreadingTime)
        state.withLock { state in
            // Each sentinel announces it once more.
            let epoch = state.seen.flatMap { $0.promotion.isSame(as: promotion) ? $0.epoch : nil }
            state.seen = SeenPromotion(promotion: promotion, until: until, epoch: epoch)
        }
    }

    // MARK: Questions

    /// Asks all sentinels at once.
    ///
    /// For about a second they all still name the master that is being replaced. Until then, a server that was seen to
    /// be promoted in its place takes precedence.
    ///
    /// - Returns: The servers to try, according to the sentinels that answered in time, and the failures of the others.
    func ask(on eventLoop: RedisEventLoop) async throws(RedisError) -> ([SentinelBallot.Candidate], FailedAttempts) {
        let (ballot, failures) = try await poll(on: eventLoop)
        let named = ballot.candidates
        let now = RedisEventLoop.monotonicNanoseconds
        let promoted: SentinelBallot.Candidate? = state.withLock { state in
            state.absent = ballot.missing
            guard let best = named.first, var seen = state.seen else { return nil }
            let counts = seen.overrules(best, epoch: ballot.latestEpoch, at: now)
            state.seen = counts ? seen : nil
            return counts ? seen.promotion.candidate : nil
        }
        guard let promoted else { return (named, failures) }
        return ([promoted] + named.filter { $0.endpoint != promoted.endpoint }, failures)
    }

    private func poll(on eventLoop: RedisEventLoop) async throws(RedisError) -> (SentinelBallot, FailedAttempts) {
        enum Answer {
            case vote(SentinelVote)
            case failure(RedisEndpoint, RedisError)
            case timeIsUp
        }
        let (asked, absent) = (sentinels, state.withLock { $0.absent })
        typealias Outcome = Result<(SentinelBallot, FailedAttempts), RedisError>
        let outcome: Outcome = await withTaskGroup(of: Answer.self) { group in
            for sentinel in Set(asked) {
                group.addTask {
                    do throws(RedisError) {
                        return .vote(try await self.vote(of: sentinel, on: eventLoop))
                    } catch {
                        return .failure(sentinel, error)
                    }
                }
            }
            defer { group.cancelAll() }
            var ballot = SentinelBallot(of: asked, absent: absent)
            var failures = FailedAttempts()
            var isHurried = false
            while !ballot.isDecided, let answer = await group.next() {
                switch answer {
                case .vote(let vote): ballot.take(vote)
                case .failure(let sentinel, let error):
                    do throws(RedisError) {
                        try failures.append(error)
                    } catch {
                        return .failure(error)
                    }
                    ballot.abstain(sentinel)
                case .timeIsUp: return .success((ballot, failures))
                }
                if ballot.hasMajority, !isHurried {
                    isHurried = true
                    group.addTask {
                        try? await eventLoop.sleep(for: Self.stragglerTime)
                        return .timeIsUp
                    }
                }
            }
            return .success((ballot, failures))
        }
        return try outcome.get()
    }

    private func vote(
        of sentinel: RedisEndpoint, on eventLoop: RedisEventLoop
    ) async throws(RedisError) -> SentinelVote {
        let connection: RedisConnection
        do throws(RedisError) {
            connection = try await sentinelConnector(on: eventLoop).connect(to: sentinel)
        } catch {
            throw explained(error)
        }
        let replies: [RedisReply]
        do throws(RedisError) {
            replies = try await connection.pipeline([
                RedisCommand("SENTINEL", "GET-MASTER-ADDR-BY-NAME", service),
                RedisCommand("SENTINEL", "MASTER", service),
            ])
        } catch {
            await connection.close()
            throw explained(error)
        }
        await connection.close()
        let reply = replies.first ?? .null
        if case .error(let error) = reply {
            throw explained(error.at(command: "SENTINEL", endpoint: sentinel.description))
        }
        guard !reply.isNull else {
            throw RedisError(.noMaster, "it watches no service '\(service)'", endpoint: sentinel.description)
        }
        guard let parts = reply.array, parts.count == 2, let host = parts[0].string,
            let port = parts[1].string.flatMap({ UInt16($0) })
        else {
            throw .unexpectedReply("\(reply)", expected: "a host and a port").at(endpoint: sentinel.description)
        }
        // Denied, or a sentinel that does not say: without an epoch it ranks below those with one.
        let epoch = replies.last?.field("config-epoch").flatMap { Int($0) }
        return SentinelVote(sentinel: sentinel, master: server(host: host, port: port), epoch: epoch)
    }

    /// The server at an address that a sentinel names.
    func server(host: String, port: UInt16) -> RedisEndpoint { named.server(host: host, port: port) }

    /// A sentinel's error, with the remedy.
    private func explained(_ error: RedisError) -> RedisError {
        let reason: String
        switch error.prefix {
        case .noAuth?:
            reason = "it wants a password of its own: add sentinel_password=… to the URL's query"
        case .wrongPass?:
            reason = "it does not take the password: check sentinel_username and sentinel_password in the URL's query"
        case .noPerm?:
            reason = "\(error.reason); grant its user +sentinel|get-master-addr-by-name"
        case .err? where error.reason.lowercased().hasPrefix("unknown command"):
            reason =
                "it is not a sentinel; those listen on port 26379 by default, and a server's URL begins with redis://"
        case .err? where error.reason.contains("without any password configured"):
            reason = "it has no password: take sentinel_password out of the URL's query"
        default:
            guard let remedy = named.reason(ofSentinel: error) else { return error }
            reason = remedy
        }
        return RedisError(.noMaster, reason, prefix: error.prefix, endpoint: error.endpoint)
    }

    /// One error for all: the most informative one.
    private func noAnswer(_ failures: FailedAttempts) -> RedisError {
        guard let failure = failures.mostInformative else {
            return RedisError(.noMaster, "no sentinel answered in time")
        }
        let who =
            failures.errors.count == 1 ? "the sentinel cannot" : "none of the \(failures.errors.count) sentinels can"
        return RedisError(
            .noMaster, "\(who) name the master of '\(service)': \(failure.reason)", prefix: failure.prefix,
            endpoint: failure.endpoint)
    }

    // MARK: Errors and news

    func consequence(
        of error: RedisError, from endpoint: RedisEndpoint, keyPrefix: String?, with connector: RedisConnector
    ) async throws(RedisError) -> RedisErrorConsequence {
        switch error.prefix {
        case .readOnly?, .masterDown?:
            // A replica refuses a script at its first write, before it did anything.
            return .reconnectAndResend
        case .noReplicas?, .loading?:
            // A master without replicas may have been replaced without noticing, and one that loads its data may be
            // about to be.
            let (candidates, _) = try await ask(on: connector.eventLoop)
            guard let best = candidates.first, best.endpoint != endpoint else { return .keep }
            return .reconnectAndResend
        default:
            return .keep
        }
    }

    func watch(with connector: RedisConnector, reporting report: @escaping @Sendable (RedisEndpoint) -> Void) async {
        await withTaskGroup { group in
            for sentinel in Set(sentinels) {
                let watch = SentinelWatch(sentinel: sentinel, resolver: self, eventLoop: connector.eventLoop)
                group.addTask { await watch.run(reporting: report) }
            }
        }
    }

    func topology(with connector: RedisConnector) async -> RedisTopology {
        let opinions = await withTaskGroup(of: (Int, SentinelOpinion).self) { group in
            for (place, sentinel) in sentinels.enumerated() {
                group.addTask {
                    do throws(RedisError) {
                        let vote = try await self.vote(of: sentinel, on: connector.eventLoop)
                        let isHeard = await self.mayListen(to: sentinel, on: connector.eventLoop)
                        return (
                            place,
                            SentinelOpinion(sentinel: "\(sentinel)", master: "\(vote.master)", isHeard: isHeard)
                        )
                    } catch {
                        return (place, SentinelOpinion(sentinel: "\(sentinel)", failure: error.reason))
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        return .sentinels(service: service, opinions.sorted { $0.0 < $1.0 }.map(\.1))
    }

    /// Whether our user may subscribe to a sentinel's news; also true if that cannot be found out.
    private func mayListen(to sentinel: RedisEndpoint, on eventLoop: RedisEventLoop) async -> Bool {
        do throws(RedisError) {
            let watch = SentinelWatch(sentinel: sentinel, resolver: self, eventLoop: eventLoop)
            await (try watch.subscribe()).close()
            return true
        } catch {
            return error.prefix != .noPerm
        }
    }
}

extension RedisReply {
    /// The value behind a name, in an array of names and values.
    fileprivate func field(_ name: String) -> String? {
        guard let parts = array else { return nil }
        for index in stride(from: 0, to: parts.count - 1, by: 2) where parts[index].string == name {
            return parts[index + 1].string
        }
        return nil
    }
}
