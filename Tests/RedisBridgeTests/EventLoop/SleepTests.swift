import TestSupport
import Testing

@testable import RedisBridge

@Suite(.timeLimit(.minutes(1))) struct SleepTests {
    @Test func `a sleep is never early`() async throws {
        let loop = try RedisEventLoop()
        for microseconds in [0, 1, 100, 900, 1000, 1500, 4000] {
            let start = ContinuousClock.now
            try await loop.sleep(for: .microseconds(microseconds))
            #expect(ContinuousClock.now - start >= .microseconds(microseconds))
        }
    }

    @Test func `a sleep by the wall clock is never early`() async throws {
        let loop = try RedisEventLoop()
        for microseconds: Int64 in [-1_000_000, 0, 1, 777, 1000, 1500, 4000] {
            let deadline = RedisEventLoop.wallClockMicroseconds + microseconds
            try await loop.sleep(untilWallClockMicroseconds: deadline)
            #expect(RedisEventLoop.wallClockMicroseconds >= deadline)
        }
    }

    @Test func `many sleeps end in the order of their deadlines`() async throws {
        let loop = try RedisEventLoop()
        let order = Observed<[Int]>([])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in (0..<20).reversed() {
                group.addTask {
                    try await loop.sleep(for: .milliseconds(50 + 10 * index))
                    order.update { $0.append(index) }
                }
            }
            try await group.waitForAll()
        }
        #expect(order.current == Array(0..<20))
    }

    @Test(arguments: [true, false])
    func `cancellation ends a sleep at once`(byWallClock: Bool) async throws {
        let loop = try RedisEventLoop()
        let task = Task {
            if byWallClock {
                try await loop.sleep(untilWallClockMicroseconds: RedisEventLoop.wallClockMicroseconds + 3_600_000_000)
            } else {
                try await loop.sleep(for: .seconds(3600))
            }
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func `a sleep of a cancelled task throws at once`() async throws {
        let loop = try RedisEventLoop()
        let isCancelled = Gate("the cancellation")
        let task = Task {
            // The gate throws, too, when the task is cancelled: the sleep must see a cancelled task.
            try? await isCancelled.pass()
            try await loop.sleep(for: .seconds(3600))
        }
        try await isCancelled.arrival()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func `when many sleeps are cancelled at once, each ends once`() async throws {
        let loop = try RedisEventLoop()
        let ends = Observed(0)
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<400 {
                group.addTask {
                    try? await loop.sleep(for: .microseconds(index * 10))
                    ends.update { $0 += 1 }
                }
                if index == 200 { group.cancelAll() }
            }
        }
        #expect(ends.current == 400)
    }
}
