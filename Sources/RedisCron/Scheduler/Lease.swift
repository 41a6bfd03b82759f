/// The lock as its holder knows it: a token, and how long it can be trusted without asking.
struct Lease: Sendable, Hashable {
    /// What stands in the lock: the scheduler's name and 32 random hexadecimal digits.
    let token: String
    /// How long Redis keeps the lock after each renewal.
    let timeToLive: Duration
    /// When the command of the last successful renewal was sent, on the monotonic clock.
    ///
    /// Not when its answer came: Redis may have begun to count as early as this.
    private(set) var renewedAt: Duration

    init(token: String, timeToLive: Duration, renewedAt: Duration) {
        self.token = token
        self.timeToLive = timeToLive
        self.renewedAt = renewedAt
    }

    /// How often it is renewed: three tries fit into its life, and RQ's registry (120 s) sees at least three as well.
    var renewalInterval: Duration {
        min(timeToLive / 3, .seconds(30))
    }

    /// When it is to be renewed next.
    var renewalDue: Duration { renewedAt + renewalInterval }

    /// Whether it can still be ours.
    ///
    /// Past this only Redis knows; no batch is sent on a guess.
    func isTrusted(at now: Duration) -> Bool {
        now < renewedAt + timeToLive
    }

    /// Notes that Redis extended it in answer to a command sent at that time.
    mutating func renew(sentAt: Duration) {
        renewedAt = max(renewedAt, sentAt)
    }
}
