import RQWire
import RedisBridge

/// The turns of the schedulers on connections that share links; see ``ClaimOrder``.
final class LockTurns: Sendable {
    private struct State {
        var order: ClaimOrder
        /// The prefixes for which a scheduler of this process was named.
        var named: Set<String> = []
    }

    private let state: Guarded<State>
    /// What the default names of this process' schedulers end with: each has a prefix of its own, and who looks at the locks
    /// sees which of them one process holds.
    private let suffix = LockTurns.randomSuffix

    init() {
        state = Guarded(State(order: ClaimOrder(seed: UInt64.random(in: 0 ... .max))))
    }

    /// What the default name of a scheduler ends with: six random digits.
    ///
    /// Another scheduler of the same prefix has others.
    func nameSuffix(for keyPrefix: String) -> String {
        state.withLock { $0.named.insert(keyPrefix).inserted } ? suffix : Self.randomSuffix
    }

    static var randomSuffix: String { String(RQJobID.random().description.suffix(6)) }

    /// Whether there is anybody to take turns with.
    var hasTurns: Bool { state.withLock { $0.order.hasTurns } }

    func join(keyPrefix: String) -> Int { state.withLock { $0.order.join(keyPrefix: keyPrefix) } }

    func leave(_ place: Int) { state.withLock { $0.order.leave(place) } }

    func note(_ place: Int, isLeading: Bool) { state.withLock { $0.order.note(place, isLeading: isLeading) } }

    func looked(_ place: Int, holder: String?, at now: Duration) -> ClaimOrder.Verdict {
        state.withLock { $0.order.looked(place, holder: holder, at: now) }
    }
}

/// A scheduler's part in the turns.
struct LockTurn: Sendable {
    let turns: LockTurns
    /// Its place in the order.
    let place: Int
    /// Reads the value of its lock; `nil` where that is free.
    let look: @Sendable () async throws -> String?
}
