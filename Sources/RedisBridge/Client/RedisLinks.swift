/// What clients of one address share: at most one connection for commands and one for Pub/Sub to each server, and what is
/// known of which server has which keys.
///
/// Clients whose keys are always on the same server share a route to it: all of one server, all of the master that
/// sentinels name, all of one slot of a cluster. Routes that lead to the same node of a cluster share the links to it.
///
/// The links end with the last client.
package final class RedisLinks: Sendable {
    /// Which keys a route is for: those of a slot, or all.
    private typealias Slot = Int?

    private struct SharedRoute {
        let route: RedisRoute
        var clients: Int
    }

    /// The loop that the links live on.
    package let eventLoop: RedisEventLoop
    /// How connections are opened.
    package let options: RedisConnectionOptions
    let pool: LinkPool
    private let backoff: Backoff
    private let makeResolver: @Sendable (_ keyPrefix: String?) -> any RedisEndpointResolver
    private let hasOneRoute: Bool
    private let rounds: LoopBound<AttemptRounds>
    private let routes = Guarded<[Slot: SharedRoute]>([:])

    /// Links to a URL's servers.
    ///
    /// Nothing connects yet.
    ///
    /// - Parameters:
    ///   - url: where the servers are, and how to connect to them.
    ///   - backoff: the pauses between attempts to connect.
    ///   - eventLoop: the loop that links and clients live on.
    package convenience init(_ url: RedisURL, backoff: Backoff = .init(), on eventLoop: RedisEventLoop) {
        let (location, options) = (url.location, url.options)
        let map = ClusterMap(of: location)
        var isSentinel = false
        if case .sentinel = location { isSentinel = true }
        self.init(options: options, hasOneRoute: isSentinel, backoff: backoff, on: eventLoop) { keyPrefix in
            location.resolver(options: options, keyPrefix: keyPrefix, map: map)
        }
    }

    init(
        options: RedisConnectionOptions, hasOneRoute: Bool, backoff: Backoff, on eventLoop: RedisEventLoop,
        resolver: @escaping @Sendable (_ keyPrefix: String?) -> any RedisEndpointResolver
    ) {
        self.eventLoop = eventLoop
        self.options = options
        self.backoff = backoff
        self.hasOneRoute = hasOneRoute
        makeResolver = resolver
        pool = LinkPool(options: options, on: eventLoop)
        rounds = LoopBound(AttemptRounds(), on: eventLoop)
    }

    private func slot(of keyPrefix: String?) -> Slot { hasOneRoute ? nil : keyPrefix.flatMap(ClusterSlots.slot(of:)) }

    /// Takes a route for a client with these keys; makes it if it is the first one.
    func join(keyPrefix: String?) -> RedisRoute {
        let slot = slot(of: keyPrefix)
        return routes.withLock { routes in
            let shared =
                routes[slot]
                ?? SharedRoute(
                    route: RedisRoute(
                        resolver: makeResolver(keyPrefix), pool: pool, rounds: rounds, options: options,
                        backoff: backoff, on: eventLoop), clients: 0)
            routes[slot] = SharedRoute(route: shared.route, clients: shared.clients + 1)
            return shared.route
        }
    }

    /// A client does not need its route any more.
    ///
    /// - Returns: Whether it was the last one: then the route is to be closed.
    func leave(keyPrefix: String?) -> Bool {
        let slot = slot(of: keyPrefix)
        return routes.withLock { routes in
            guard let shared = routes[slot], shared.clients > 1 else {
                routes[slot] = nil
                return true
            }
            routes[slot]?.clients -= 1
            return false
        }
    }
}

/// When routes that wait for the same trouble to end try again: at the same instants, so that they share the attempts.
///
/// For the loop's thread.
final class AttemptRounds {
    /// Instants at which somebody tries, in nanoseconds of the monotonic clock.
    private var planned: [Int64] = []

    /// An instant within bounds at which somebody tries already; `preferred` if there is none.
    func instant(from earliest: Int64, to latest: Int64, preferring preferred: Int64, now: Int64) -> Int64 {
        planned.removeAll { $0 <= now }
        if let joined = planned.first(where: { earliest <= $0 && $0 <= latest }) { return joined }
        planned.append(preferred)
        return preferred
    }
}
