import Testing

@testable import RedisCron

@Suite struct LeaseTests {
    @Test(arguments: [(120, 30_000), (90, 30_000), (60, 20_000), (3, 1_000), (1, 333)])
    func `it is renewed three times in its life and at least every 30 s`(lifeSeconds: Int, intervalMilliseconds: Int) {
        let lease = Lease(token: "t", timeToLive: .seconds(lifeSeconds), renewedAt: .seconds(7))
        #expect(lease.renewalInterval.milliseconds == intervalMilliseconds)
        #expect(lease.renewalDue == .seconds(7) + lease.renewalInterval)
    }

    @Test func `it is trusted until its life has passed since the command was sent`() {
        var lease = Lease(token: "t", timeToLive: .seconds(120), renewedAt: .zero)
        #expect(lease.isTrusted(at: .nanoseconds(119_999_999_999)))
        #expect(!lease.isTrusted(at: .seconds(120)))
        lease.renew(sentAt: .seconds(30))
        #expect(lease.isTrusted(at: .seconds(149)))
        #expect(!lease.isTrusted(at: .seconds(150)))
    }

    @Test func `an answer that came late does not shorten it`() {
        var lease = Lease(token: "t", timeToLive: .seconds(120), renewedAt: .seconds(60))
        lease.renew(sentAt: .seconds(30))
        #expect(lease.renewedAt == .seconds(60))
    }
}
