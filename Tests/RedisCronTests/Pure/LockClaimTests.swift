import Testing

@testable import RedisBridge
@testable import RedisCron

@Suite struct LockClaimTests {
    /// One request for the lock, and what is known of the token afterwards.
    struct Step: Sendable {
        /// `nil` releases instead of asking.
        var outcome: LockClaim.Outcome?
        /// The number of the token under which it asks.
        var asks: Int
        /// Whether the token is kept.
        var isKept: Bool

        static func asks(_ token: Int, _ outcome: LockClaim.Outcome, keeps isKept: Bool) -> Step {
            Step(outcome: outcome, asks: token, isKept: isKept)
        }

        static func releases(_ token: Int) -> Step { Step(outcome: nil, asks: token, isKept: false) }
    }

    /// What happens to one claim after the other, and why.
    static let stories: [(String, [Step])] = [
        ("a granted lock is kept until it is released", [.asks(1, .granted, keeps: true), .releases(1)]),
        (
            "a denied one is asked for under another token next time",
            [.asks(1, .heldByOther, keeps: false), .asks(2, .granted, keeps: true)]
        ),
        (
            "a first request that Redis did not execute took nothing",
            [.asks(1, .notExecuted, keeps: false), .asks(2, .granted, keeps: true)]
        ),
        (
            "without an answer the same token is asked for, and kept although it is held by another: it may be granted late",
            [
                .asks(1, .unanswered, keeps: true), .asks(1, .heldByOther, keeps: true),
                .asks(1, .heldByOther, keeps: true),
                .asks(1, .granted, keeps: true), .releases(1), .asks(2, .heldByOther, keeps: false),
            ]
        ),
        (
            "a later request that Redis did not execute says nothing about the earlier one",
            [.asks(1, .unanswered, keeps: true), .asks(1, .notExecuted, keeps: true), .asks(1, .granted, keeps: true)]
        ),
        (
            "a lock that could not be released is asked for under its token again, and dropped when another has it",
            [.asks(1, .granted, keeps: true), .asks(1, .heldByOther, keeps: false), .asks(2, .granted, keeps: true)]
        ),
        (
            "a lock that could not be released stays ours while nothing is executed",
            [.asks(1, .granted, keeps: true), .asks(1, .notExecuted, keeps: true), .asks(1, .granted, keeps: true)]
        ),
        (
            "after a release nothing of the old token matters any more",
            [.asks(1, .unanswered, keeps: true), .releases(1), .asks(2, .notExecuted, keeps: false)]
        ),
    ]

    @Test(arguments: stories)
    func `a token is kept as long as the lock may be held under it`(story: String, steps: [Step]) {
        var claim = LockClaim()
        var made = 0
        for (number, step) in steps.enumerated() {
            if let outcome = step.outcome {
                let token = claim.request {
                    made += 1
                    return "t\(made)"
                }
                #expect(token == "t\(step.asks)", "step \(number) of: \(story)")
                #expect(claim.token == token)
                claim.requestEnded(outcome)
            } else {
                claim.released("t\(step.asks)")
            }
            #expect((claim.token != nil) == step.isKept, "step \(number) of: \(story)")
        }
    }

    @Test func `an answer about an older token does not drop the present one`() {
        var claim = LockClaim()
        _ = claim.request { "old" }
        claim.requestEnded(.heldByOther)
        _ = claim.request { "new" }
        claim.released("old")
        #expect(claim.token == "new")
    }

    @Test func `only what was not sent or was refused is known not to have been executed`() {
        #expect(LockClaim.Outcome(CancellationError()) == .unanswered)
        #expect(LockClaim.Outcome(MadeUpFailure()) == .unanswered)
        let lost = RedisError(.connectionLost, "the server closed the connection", fate: .unknown)
        #expect(LockClaim.Outcome(lost) == .unanswered)
        #expect(LockClaim.Outcome(RedisError(.connectFailed, "refused", fate: .notSent)) == .notExecuted)
        let refused = RedisError.server("OOM command not allowed", endpoint: "here")
        #expect(LockClaim.Outcome(refused) == .notExecuted)
        #expect(LockClaim.Outcome(RedisCronError(refused)) == .notExecuted)
    }
}
