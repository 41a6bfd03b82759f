/// Listens to one sentinel for as long as its client lives, and reports when another server becomes the master.
///
/// After a failover by hand, the replaced master accepts writes for another 10 s, until the sentinels make it a
/// replica: those writes are lost. Only the sentinels know at once.
struct SentinelWatch: Sendable {
    private static let channels = ["+failover-state-wait-promotion", "+promoted-slave", "+switch-master"]

    let sentinel: RedisEndpoint
    let resolver: SentinelResolver
    let eventLoop: RedisEventLoop

    /// Listens until the task is cancelled, and again after each loss.
    func run(reporting report: @Sendable (RedisEndpoint) -> Void) async {
        var backoff = Backoff(first: .milliseconds(100), maximum: .seconds(5))
        var generator = SystemRandomNumberGenerator()
        while !Task.isCancelled {
            // It is one of several and is asked before each connection anyway, so a failure needs no report.
            if let subscription = try? await subscribe() {
                // Ask for what it said before, except the first time: then the client has just asked.
                if backoff.failures > 0 { try? await catchUp(reporting: report) }
                backoff.succeed()
                try? await follow(subscription, reporting: report)
                await subscription.close()
            }
            do {
                try await eventLoop.sleep(for: backoff.delayAfterFailure(using: &generator))
            } catch {
                return
            }
        }
    }

    /// Subscribes to the sentinel's news of promotions.
    func subscribe() async throws(RedisError) -> RedisSubscription {
        try await RedisSubscription.subscribe(
            to: Self.channels, at: sentinel, options: resolver.sentinelConnector(on: eventLoop).options, on: eventLoop)
    }

    private func follow(
        _ subscription: RedisSubscription, reporting report: @Sendable (RedisEndpoint) -> Void
    ) async throws(RedisError) {
        var iterator = subscription.makeAsyncIterator()
        while let element = try await iterator.next() {
            guard case .message(let message) = element else {
                try await catchUp(reporting: report)
                continue
            }
            guard let promotion = promotion(in: message) else { continue }
            resolver.hear(of: promotion)
            report(promotion.server)
        }
    }

    /// Asks all sentinels for what this one may have said while we did not listen.
    private func catchUp(reporting report: @Sendable (RedisEndpoint) -> Void) async throws(RedisError) {
        let (candidates, _) = try await resolver.ask(on: eventLoop)
        if let best = candidates.first { report(best.endpoint) }
    }

    /// The promotion in a message about our service.
    func promotion(in message: RedisMessage) -> SentinelPromotion? {
        let words = String(decoding: message.payload, as: UTF8.self).split(separator: " ").map(String.init)
        if message.channel == "+switch-master" {
            // mymaster OLD-HOST OLD-PORT NEW-HOST NEW-PORT
            guard words.count >= 5, words[0] == resolver.service else { return nil }
            return promotion(of: words[3...4], replacing: words[1...2])
        }
        // slave NAME HOST PORT @ mymaster OLD-HOST OLD-PORT
        guard words.count >= 8, words[4] == "@", words[5] == resolver.service else { return nil }
        return promotion(of: words[2...3], replacing: words[6...7])
    }

    private func promotion(of server: ArraySlice<String>, replacing former: ArraySlice<String>) -> SentinelPromotion? {
        guard let server = endpoint(server), let former = endpoint(former) else { return nil }
        return SentinelPromotion(server: server, replaced: former, announcer: sentinel)
    }

    /// A host and a port.
    private func endpoint(_ words: ArraySlice<String>) -> RedisEndpoint? {
        guard let host = words.first, let port = words.last.flatMap({ UInt16($0) }), port != 0 else { return nil }
        return resolver.server(host: host, port: port)
    }
}

/// A sentinel's news that another server becomes the master.
struct SentinelPromotion: Sendable, Hashable {
    let server: RedisEndpoint
    /// The master until now.
    let replaced: RedisEndpoint
    /// The sentinel.
    let announcer: RedisEndpoint

    var candidate: SentinelBallot.Candidate { SentinelBallot.Candidate(endpoint: server, announcer: announcer) }

    /// Whether it is the same change, whichever sentinel announced it.
    func isSame(as other: SentinelPromotion) -> Bool { server == other.server && replaced == other.replaced }
}
