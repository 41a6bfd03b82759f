import Testing

@testable import RedisBridge

@Suite struct SentinelBallotTests {
    private static let sentinels = (1...3).map { RedisEndpoint.tcp(host: "s\($0)", port: 26_379) }
    private static let (a, b, c) = (server("a"), server("b"), server("c"))

    private static func server(_ name: String) -> RedisEndpoint { .tcp(host: name, port: 6379) }

    private static func ballot(_ votes: [(RedisEndpoint, Int?)?], absent: Set<RedisEndpoint> = []) -> SentinelBallot {
        var ballot = SentinelBallot(of: sentinels, absent: absent)
        for (sentinel, vote) in zip(sentinels, votes) {
            guard let vote else { continue }
            ballot.take(SentinelVote(sentinel: sentinel, master: vote.0, epoch: vote.1))
        }
        return ballot
    }

    struct Case: CustomTestStringConvertible {
        let testDescription: String
        let votes: [(RedisEndpoint, Int?)?]
        let candidates: [RedisEndpoint]
    }

    @Test(arguments: [
        Case(testDescription: "all agree", votes: [(a, 1), (a, 1), (a, 1)], candidates: [a]),
        Case(testDescription: "the first is stale", votes: [(a, 1), (b, 2), (b, 2)], candidates: [b]),
        Case(testDescription: "two have not heard yet", votes: [(a, 1), (a, 1), (b, 2)], candidates: [b, a]),
        Case(testDescription: "one of two that answer is stale", votes: [(a, 1), nil, (b, 2)], candidates: [b]),
        Case(
            testDescription: "one does not say its epoch", votes: [(a, nil), (b, 2), (b, 2)], candidates: [b]),
        Case(testDescription: "none says its epoch", votes: [(a, nil), (b, nil), (b, nil)], candidates: [b, a]),
        Case(testDescription: "one epoch, two opinions", votes: [(a, 0), (b, 0), (b, 0)], candidates: [b, a]),
        Case(
            testDescription: "one is left over from before a reset", votes: [(a, 7), (b, 0), (b, 0)],
            candidates: [a, b]),
        Case(testDescription: "three opinions", votes: [(a, 1), (b, 3), (c, 2)], candidates: [b]),
        Case(testDescription: "nobody answers", votes: [nil, nil, nil], candidates: []),
    ])
    func `the highest epoch decides, and among equals the number of votes`(situation: Case) {
        #expect(Self.ballot(situation.votes).candidates.map(\.endpoint) == situation.candidates)
    }

    @Test func `of the sentinels that name a server, the first in the URL is reported`() {
        let ballot = Self.ballot([(Self.a, 1), (Self.b, 2), (Self.b, 2)])
        #expect(ballot.candidates.map(\.announcer) == [Self.sentinels[1]])
    }

    @Test func `a sentinel that was silent last time is only waited for if no other answers`() {
        let absent: Set = [Self.sentinels[2]]
        #expect(!Self.ballot([nil, nil, nil], absent: absent).isDecided)
        #expect(!Self.ballot([(Self.a, 1), nil, nil], absent: absent).isDecided)
        #expect(Self.ballot([(Self.a, 1), (Self.a, 1), nil], absent: absent).isDecided)
        #expect(!Self.ballot([(Self.a, 1), (Self.a, 1), nil]).isDecided)
        #expect(Self.ballot([(Self.a, 1), (Self.a, 1), nil]).hasMajority)
        var ballot = Self.ballot([nil, nil, nil], absent: absent)
        ballot.abstain(Self.sentinels[0])
        ballot.abstain(Self.sentinels[1])
        #expect(!ballot.isDecided)
        ballot.abstain(Self.sentinels[2])
        #expect(ballot.isDecided)
        #expect(ballot.missing == Set(Self.sentinels))
    }

    private static let (first, second) = (
        RedisEndpoint.tcp(host: "10.0.0.1", port: 6379), RedisEndpoint.tcp(host: "10.0.0.2", port: 6380)
    )

    @Test(arguments: [
        ("+switch-master", "mymaster 10.0.0.1 6379 10.0.0.2 6380", true),
        ("+switch-master", "other 10.0.0.1 6379 10.0.0.2 6380", false),
        ("+switch-master", "mymaster 10.0.0.1", false),
        ("+switch-master", "mymaster 10.0.0.1 6379 10.0.0.2 0", false),
        ("+failover-state-wait-promotion", "slave 10.0.0.2:6380 10.0.0.2 6380 @ mymaster 10.0.0.1 6379", true),
        ("+promoted-slave", "slave 10.0.0.2:6380 10.0.0.2 6380 @ mymaster", false),
        ("+promoted-slave", "slave 10.0.0.2:6380 10.0.0.2 6380 @ other 10.0.0.1 6379", false),
        ("+promoted-slave", "", false),
    ])
    func `news of a promotion name the new server and the one that it replaces`(
        channel: String, text: String, isNews: Bool
    ) throws {
        let watch = SentinelWatch(
            sentinel: Self.sentinels[0],
            resolver: SentinelResolver(
                RedisSentinels(endpoints: Self.sentinels, service: "mymaster"), options: .init()),
            eventLoop: try RedisEventLoop())
        let promotion = watch.promotion(in: RedisMessage(channel: channel, payload: Array(text.utf8)))
        let expected = SentinelPromotion(server: Self.second, replaced: Self.first, announcer: Self.sentinels[0])
        #expect(promotion == (isNews ? expected : nil))
    }
}
