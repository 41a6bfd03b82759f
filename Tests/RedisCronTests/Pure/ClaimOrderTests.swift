import Testing

@testable import RedisCron

/// Processes that share prefixes, played with a clock of the test's own.
@Suite struct ClaimOrderTests {
    /// A process with a scheduler for each prefix, which looks at its locks every half second.
    private struct Process {
        let name: String
        var order: ClaimOrder
        let places: [Int]
        /// When each scheduler looks next.
        var looks: [Duration]
        let start: Duration

        init(_ name: String, prefixes: Int, start: Duration, seed: UInt64) {
            self.name = name
            self.start = start
            var order = ClaimOrder(seed: seed)
            places = (0..<prefixes).map { order.join(keyPrefix: "p\($0)") }
            self.order = order
            looks = Array(repeating: start, count: prefixes)
        }

        /// Looks at the locks whose time has come, and takes those that are free and its turn.
        mutating func step(_ locks: inout [String?], at now: Duration, _ generator: inout SplitMix64) {
            for index in looks.indices where locks[index] != name && looks[index] <= now {
                switch order.looked(places[index], holder: locks[index], at: now) {
                case .ask:
                    locks[index] = name
                    order.note(places[index], isLeading: true)
                case .held:
                    // The round trips make the phases drift.
                    looks[index] = now + .milliseconds(500) + .milliseconds(Int.random(in: 0...20, using: &generator))
                case .lookAgain(let delay): looks[index] = now + delay
                }
            }
        }
    }

    private static func led(_ locks: [String?]) -> [String: Int] {
        locks.reduce(into: [:]) { counts, holder in if let holder { counts[holder, default: 0] += 1 } }
    }

    @Test func `a scheduler that is alone has no turns`() {
        var order = ClaimOrder(seed: 1)
        #expect(!order.hasTurns)
        let one = order.join(keyPrefix: "p")
        #expect(!order.hasTurns)
        // Another one for the same prefix stands by for it: there is nothing to share.
        let same = order.join(keyPrefix: "p")
        #expect(!order.hasTurns)
        let other = order.join(keyPrefix: "q")
        #expect(order.hasTurns)
        order.leave(one)
        #expect(order.hasTurns)
        order.leave(same)
        #expect(!order.hasTurns)
        order.leave(other)
    }

    @Test func `a process that is alone leads ninety within a few seconds`() {
        var process = Process("a", prefixes: 90, start: .zero, seed: 7)
        var locks = [String?](repeating: nil, count: 90)
        var generator = SplitMix64(state: 3)
        var now = Duration.zero
        while Self.led(locks)["a"] != 90, now < .seconds(10) {
            process.step(&locks, at: now, &generator)
            now += .milliseconds(1)
        }
        #expect(now < .seconds(4), "\(now)")
    }

    @Test(arguments: 1...20) func `three processes share ninety, at the start and after a death`(seed: Int) {
        var generator = SplitMix64(state: UInt64(seed))
        var processes = (0..<3).map { number in
            // A shell starts them one after another, and the system lets one or the other wait.
            Process(
                "\(number)", prefixes: 90,
                start: .milliseconds(number * 60 + Int.random(in: 0...60, using: &generator)),
                seed: UInt64(seed * 10 + number))
        }
        var locks = [String?](repeating: nil, count: 90)
        var now = Duration.zero
        func pass(until end: Duration) {
            while now < end {
                for index in processes.indices where processes[index].start <= now {
                    processes[index].step(&locks, at: now, &generator)
                }
                now += .milliseconds(1)
            }
        }
        pass(until: .seconds(10))
        let shares = Self.led(locks)
        #expect(shares.values.allSatisfy { (27...33).contains($0) } && shares.count == 3, "\(shares)")

        // Its locks expire one after another, as they were extended.
        let dead = processes.removeLast().name
        let orphans = locks.indices.filter { locks[$0] == dead }
        for orphan in orphans {
            locks[orphan] = nil
            pass(until: now + .milliseconds(Int.random(in: 0...800, using: &generator)))
        }
        pass(until: now + .seconds(8))
        let halves = Self.led(locks)
        #expect(halves.values.allSatisfy { (42...48).contains($0) } && halves.count == 2, "\(halves)")
    }

    @Test func `what another process holds is looked at, not asked for`() {
        var order = ClaimOrder(seed: 1)
        let places = ["a", "b"].map { order.join(keyPrefix: $0) }
        #expect(order.looked(places[0], holder: "other", at: .zero) == .held)
        #expect(order.looked(places[1], holder: nil, at: .zero) == .ask)
        // The next free lock waits for its turn.
        guard case .lookAgain(let delay) = order.looked(places[0], holder: nil, at: .milliseconds(1)) else {
            Issue.record("asked at once")
            return
        }
        #expect(delay > .zero && delay <= .milliseconds(150))
    }
}
