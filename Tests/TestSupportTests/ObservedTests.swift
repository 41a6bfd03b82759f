import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ObservedTests {
    @Test func `a wait returns at once when the state is there already`() async throws {
        let observed = Observed(3)
        let value = try await observed.wait(for: "three") { $0 == 3 ? $0 : nil }
        #expect(value == 3)
    }

    @Test func `a wait returns what the update brought`() async throws {
        let observed = Observed(0)
        async let value = observed.wait(for: "five") { $0 >= 5 ? $0 : nil }
        for _ in 0..<5 { observed.update { $0 += 1 } }
        #expect(try await value == 5)
    }

    @Test func `a wait in vain names what it waited for`() async throws {
        let error = await #expect(throws: TimedOut.self) {
            try await Observed(0).wait(for: "godot", within: .milliseconds(1)) { $0 == 1 ? $0 : nil }
        }
        #expect(error?.description.contains("godot") == true)
        #expect(error?.description.contains("ObservedTests.swift") == true)
    }

    @Test func `a cancelled wait throws`() async throws {
        let observed = Observed(0)
        let task = Task { try await observed.wait(for: "never", within: .seconds(30)) { $0 == 1 ? $0 : nil } }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func `many waiters are all woken by one update`() async throws {
        let observed = Observed(false)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<100 {
                group.addTask { try await observed.wait(for: "true") { $0 ? () : nil } }
            }
            observed.update { $0 = true }
            try await group.waitForAll()
        }
    }

    @Test func `a latch opens at the last arrival and stays open`() async throws {
        let latch = Latch("two arrivals", count: 2)
        latch.arrive()
        #expect(!latch.isOpen)
        latch.arrive()
        latch.arrive()
        try await latch.wait()
        try await latch.wait()
    }

    @Test func `a gate holds back until it is opened`() async throws {
        let gate = Gate("the gate")
        let passed = Latch("passing the gate")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await gate.pass()
                passed.arrive()
            }
            try await gate.arrival()
            #expect(!passed.isOpen)
            gate.open()
            try await passed.wait()
            try await group.waitForAll()
        }
        gate.close()
        await #expect(throws: TimedOut.self) { try await gate.pass(within: .milliseconds(1)) }
    }
}
