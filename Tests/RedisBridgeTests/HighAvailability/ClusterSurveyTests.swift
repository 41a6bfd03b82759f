import Testing

@testable import RedisBridge

@Suite struct ClusterSurveyTests {
    private static let (a, b, c) = (node(1), node(2), node(3))

    private static func node(_ number: UInt16) -> RedisEndpoint { .tcp(host: "10.0.0.\(number)", port: 6379) }

    private static func view(
        _ node: RedisEndpoint, owner: RedisEndpoint?, epoch: Int? = 1, isDown: Bool = false, knows: [RedisEndpoint] = []
    ) -> ClusterView {
        var view = ClusterView(of: node)
        view.isDown = isDown
        view.owner = owner
        view.isOwner = owner == node
        view.isServed = owner != nil
        view.epoch = owner == nil ? nil : epoch
        view.nodes = knows
        return view
    }

    @Test func `the node that had the slot last is asked alone, and used if it still has it`() {
        var survey = ClusterSurvey(first: Self.a, known: [Self.a, Self.b], latestEpoch: 1)
        #expect(survey.next() == .ask([Self.a]))
        #expect(survey.next() == .wait)
        survey.take(Self.view(Self.a, owner: Self.a))
        #expect(survey.next() == .use(Self.a))
    }

    @Test func `if the first node names another owner, only that one is asked`() {
        var survey = ClusterSurvey(first: Self.a, known: [Self.a, Self.c])
        #expect(survey.next() == .ask([Self.a]))
        survey.take(Self.view(Self.a, owner: Self.b, knows: [Self.a, Self.b, Self.c]))
        #expect(survey.next() == .ask([Self.b]))
        #expect(survey.announcers[Self.b] == Self.a)
        survey.take(Self.view(Self.b, owner: Self.b))
        #expect(survey.next() == .use(Self.b))
    }

    /// What the node that is asked first may answer instead.
    enum Trouble: CaseIterable {
        case unreachable, hesitates, isDown, servesNothing

        func meet(_ survey: inout ClusterSurvey) {
            switch self {
            case .unreachable: survey.fail(a)
            case .hesitates: survey.endHeadStart()
            case .isDown: survey.take(view(a, owner: a, isDown: true))
            case .servesNothing: survey.take(view(a, owner: nil))
            }
        }
    }

    @Test(arguments: Trouble.allCases)
    func `if the first node will not do, all others are asked at once`(trouble: Trouble) {
        var survey = ClusterSurvey(first: Self.a, known: [Self.a, Self.b, Self.c], latestEpoch: 1)
        #expect(survey.next() == .ask([Self.a]))
        trouble.meet(&survey)
        #expect(survey.next() == .ask([Self.b, Self.c]))
        survey.take(Self.view(Self.b, owner: Self.c, epoch: 2))
        #expect(survey.next() == .wait)
        survey.take(Self.view(Self.c, owner: Self.c, epoch: 2))
        #expect(survey.next() == .use(Self.c))
    }

    @Test func `a claim with an older epoch than before is believed only if no node has a later one`() {
        var survey = ClusterSurvey(first: Self.a, known: [Self.a, Self.b], latestEpoch: 5)
        #expect(survey.next() == .ask([Self.a]))
        survey.take(Self.view(Self.a, owner: Self.a, epoch: 1))
        #expect(survey.next() == .ask([Self.b]))
        var other = survey
        survey.take(Self.view(Self.b, owner: Self.b, epoch: 5))
        #expect(survey.next() == .use(Self.b))
        other.fail(Self.b)
        #expect(other.next() == .use(Self.a))
    }

    @Test func `of two nodes that claim the slot, the one with the higher epoch is believed`() {
        var survey = ClusterSurvey(first: nil, known: [Self.a, Self.b])
        #expect(survey.next() == .ask([Self.a, Self.b]))
        survey.take(Self.view(Self.b, owner: Self.a, epoch: 3))
        #expect(survey.next() == .wait)
        survey.take(Self.view(Self.a, owner: Self.a, epoch: 3))
        #expect(survey.next() == .use(Self.a))
    }

    @Test func `if the owner is unreachable, the attempt fails once all were asked`() {
        var survey = ClusterSurvey(first: Self.a, known: [Self.a])
        #expect(survey.next() == .ask([Self.a]))
        survey.take(Self.view(Self.a, owner: Self.b, knows: [Self.a, Self.b, Self.c]))
        #expect(survey.next() == .ask([Self.b]))
        survey.fail(Self.b)
        #expect(survey.next() == .ask([Self.c]))
        survey.take(Self.view(Self.c, owner: Self.b))
        #expect(survey.next() == .fail)
        #expect(survey.askedCount == 3)
    }

    @Test func `without a node to ask, the attempt fails`() {
        var survey = ClusterSurvey(first: nil, known: [])
        #expect(survey.next() == .fail)
    }

    /// Three masters and a replica, as the first one sees them, in the middle of the move of slot 141.
    private static let lines = """
        aaa 10.0.0.1:6379@16379 myself,master - 0 0 7 connected 0-5460 [141->-bbb]
        bbb 10.0.0.2:6379@16379,host-b master - 0 1700000000 2 connected 5461-10922 12000 [141-<-aaa]
        ccc 10.0.0.3:6379@16379 master,fail - 1700000000 0 3 disconnected 10923-11999 12001-16383
        ddd :0@0 slave,noaddr aaa 0 0 7 disconnected

        short line
        """

    private static let slots = RedisReply.array(
        [(0, 5460, "10.0.0.1"), (5461, 10_922, ""), (10_923, 16_383, "?")].map { first, last, host in
            .array([
                .integer(first), .integer(last),
                .array([.bytes(Array(host.utf8)), .integer(6379), .bytes(Array("id".utf8))]),
            ])
        })

    @Test func `the lines of CLUSTER NODES are read`() throws {
        let members = ClusterMember.all(in: Self.lines)
        #expect(members.map(\.id) == ["aaa", "bbb", "ccc", "ddd"])
        #expect(members.map(\.address) == ["10.0.0.1:6379", "10.0.0.2:6379", "10.0.0.3:6379", ":0"])
        #expect(members.map(\.epoch) == [7, 2, 3, 7])
        #expect(members.map(\.isMyself) == [true, false, false, false])
        #expect(members.map(\.hasFailed) == [false, false, true, false])
        #expect(members[1].slots == [5461...10_922, 12_000...12_000])
        #expect(members[0].openSlots == [.init(slot: 141, isImporting: false, peer: "bbb")])
        #expect(members[1].openSlots == [.init(slot: 141, isImporting: true, peer: "aaa")])
        #expect(members[3].master == "aaa")
    }

    @Test(arguments: [
        (141, "cluster_state:ok", Self.a, true, true), (141, "cluster_state:fail", Self.a, true, false),
        (6000, "cluster_state:ok", Self.b, false, false), (16_000, "cluster_state:ok", nil, false, false),
    ])
    func `a node's view names the node that serves a slot`(
        slot: Int, info: String, owner: RedisEndpoint?, isOwner: Bool, takesCommands: Bool
    ) {
        let node = slot == 6000 ? Self.b : Self.a
        var members = ClusterMember.all(in: Self.lines)
        if slot == 6000 { members = [] }
        let asker: RedisEndpoint = slot == 6000 ? Self.c : node
        let view = ClusterView(of: asker, slot: slot, slots: Self.slots, members: members, info: info)
        // An empty host means the node that says so.
        #expect(view.owner == (slot == 6000 ? Self.c : owner))
        #expect(view.isOwner == (slot == 6000 ? true : isOwner))
        #expect(view.takesCommands == (slot == 6000 ? true : takesCommands))
        #expect(view.isServed)
    }

    @Test func `a node that knows no owner of the slot is not used`() {
        let view = ClusterView(of: Self.a, slot: 141, slots: .array([]), members: [], info: "cluster_state:ok")
        #expect(!view.isServed)
        #expect(!view.takesCommands)
    }

    @Test func `if our slot is unknown, or the user may not ask, the node in the URL is used`() {
        let unknown = ClusterView(of: Self.a, slot: nil, slots: Self.slots, members: [], info: "cluster_state:ok")
        #expect(unknown.takesCommands)
        #expect(ClusterView(of: Self.a).takesCommands)
    }
}
