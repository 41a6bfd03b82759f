/// What happens when another scheduler holds the lock.
public enum LockHeldPolicy: Sendable, Hashable {
    /// `run()` and `registerBirth()` fail before anything is registered, as in rq-rediscron.
    case fail
    /// `run()` waits and takes over when the other one stops or dies: within its lock's TTL and a second.
    case standBy
}
