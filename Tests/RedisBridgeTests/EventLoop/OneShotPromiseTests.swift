import TestSupport
import Testing

@testable import RedisBridge

@Suite(.timeLimit(.minutes(1))) struct OneShotPromiseTests {
    @Test func `a promise keeps the first value, even from before the wait`() async throws {
        let promise = OneShotPromise<Int>(on: try RedisEventLoop())
        promise.finish(.success(1))
        promise.finish(.success(2))
        #expect(try await promise.wait(until: .max, otherwise: .success(3)) == 1)
    }

    @Test func `at the deadline the wait ends as its caller said, and a later value is ignored`() async throws {
        let promise = OneShotPromise<Int>(on: try RedisEventLoop())
        let deadline = RedisEventLoop.deadline(after: .milliseconds(1))
        #expect(try await promise.wait(until: deadline, otherwise: .success(3)) == 3)
        promise.finish(.success(1))
    }

    @Test func `a value that is bound to a loop is reached on its thread only`() async throws {
        let loop = try RedisEventLoop()
        let bound = LoopBound(7, on: loop)
        let seen = Observed<[Int]>([])
        let done = Latch("work on the loop")
        bound.run { value in
            // Already there: runs at once.
            bound.run { again in seen.update { $0 = [value, again, loop.isCurrent ? 1 : 0] } }
            done.arrive()
        }
        try await done.wait()
        #expect(seen.current == [7, 7, 1])
        await #expect(processExitsWith: .failure) {
            _ = LoopBound(7, on: try RedisEventLoop()).value
        }
    }
}
