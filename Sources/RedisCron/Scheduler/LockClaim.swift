import RedisBridge

/// The token under which this scheduler has the lock, or may have it.
///
/// Pure. A token is kept until Redis has said that the lock is not held under it, or has released it: the next request then
/// asks under the same token, and takes over whatever an earlier one has left there. A token that was given up while a
/// request under it could still reach Redis would lock everybody out until the lock expires.
///
/// | what a request came to | the token afterwards |
/// |---|---|
/// | granted | kept |
/// | held by another | dropped; kept if an earlier request may still be granted |
/// | never executed: not sent, or refused by the server | dropped if it was the first under this token, else kept |
/// | no answer | kept, and that request may be granted late |
/// | released | dropped, whatever may still be granted late: those requests were sent before the release |
/// | the release failed | kept |
struct LockClaim: Sendable, Hashable {
    /// What a request for the lock came to.
    enum Outcome: Sendable, Hashable {
        /// The lock is ours.
        case granted
        /// Another scheduler holds it.
        case heldByOther
        /// Redis did not execute the request.
        case notExecuted
        /// Nobody knows: Redis may have executed it, or may yet.
        case unanswered
    }

    /// The token; `nil` when nothing of ours can be in the lock.
    private(set) var token: String?
    /// Whether the request under way is the first one under the token.
    private var isFirstRequest = false
    /// Whether an earlier request under the token got no answer and may still be granted.
    private var mayBeGrantedLate = false

    /// Begins a request.
    ///
    /// - Parameter makeToken: Makes a token, if none is held.
    /// - Returns: The token under which to ask.
    mutating func request(makeToken: () -> String) -> String {
        isFirstRequest = token == nil
        let token = token ?? makeToken()
        self.token = token
        return token
    }

    /// Takes note of what a request came to.
    mutating func requestEnded(_ outcome: Outcome) {
        switch outcome {
        case .granted: break
        case .heldByOther: if !mayBeGrantedLate { token = nil }
        case .notExecuted: if isFirstRequest { token = nil }
        case .unanswered: mayBeGrantedLate = true
        }
    }

    /// Takes note that Redis released the lock of a token, or does not hold it under that token.
    ///
    /// An answer about an older token changes nothing.
    mutating func released(_ token: String) {
        if self.token == token { self = LockClaim() }
    }
}

extension LockClaim.Outcome {
    /// What an error of a request says about it.
    init(_ error: any Error) {
        switch error.redisError?.fate {
        case .notSent, .refused: self = .notExecuted
        default: self = .unanswered
        }
    }
}
