import TestSupport
import Testing

@testable import RedisBridge

@Suite(.timeLimit(.minutes(1))) struct EventLoopTests {
    private actor Counter {
        let loop: RedisEventLoop
        var count = 0
        nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

        init(on loop: RedisEventLoop) {
            self.loop = loop
        }

        func increment() -> Bool {
            count += 1
            return loop.isCurrent
        }
    }

    @Test func `an actor's jobs run on the loop's thread, in order`() async throws {
        let loop = try RedisEventLoop()
        let counter = Counter(on: loop)
        for _ in 0..<100 {
            #expect(await counter.increment())
        }
        #expect(await counter.count == 100)
        #expect(!loop.isCurrent)
    }

    @Test func `jobs from many threads all run, one at a time`() async throws {
        let loop = try RedisEventLoop()
        let counter = Counter(on: loop)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<16 {
                group.addTask {
                    for _ in 0..<500 { _ = await counter.increment() }
                }
            }
        }
        #expect(await counter.count == 8000)
    }

    @Test func `the loop says whether the caller is isolated to it`() async throws {
        let loop = try RedisEventLoop()
        let other = try RedisEventLoop()
        #expect(loop.isIsolatingCurrentContext() == false)
        let counter = Counter(on: loop)
        let seen = Observed<[Bool?]>([])
        let done = Latch("work on the loop")
        loop.execute {
            seen.update { $0 = [loop.isIsolatingCurrentContext(), other.isIsolatingCurrentContext()] }
            counter.assumeIsolated { $0.count = 7 }
            done.arrive()
        }
        try await done.wait()
        #expect(seen.current == [true, false])
        #expect(await counter.count == 7)
    }

    @Test func `a task may prefer the loop as its executor`() async throws {
        let loop = try RedisEventLoop()
        let isCurrent = await withTaskExecutorPreference(loop) {
            await Self.isOn(loop)
        }
        #expect(isCurrent)
    }

    @concurrent private static func isOn(_ loop: RedisEventLoop) async -> Bool { loop.isCurrent }

    @Test func `an endless stream of jobs does not starve a timer`() async throws {
        let loop = try RedisEventLoop()
        let isOver = Observed(false)
        let spinning = Latch("the spinning task", count: 1)
        let spinner = Task {
            let counter = Counter(on: loop)
            while !isOver.current {
                _ = await counter.increment()
                spinning.arrive()
            }
        }
        try await spinning.wait()
        try await loop.sleep(for: .milliseconds(5))
        isOver.update { $0 = true }
        await spinner.value
    }

    @Test func `an idle loop ends with its last reference, on whichever thread that is dropped`() async throws {
        for _ in 0..<20 {
            // Dropped on this thread, which joins the loop's.
            weak var core: EventLoopCore?
            do {
                let loop = try RedisEventLoop(name: "dropped-here")
                core = loop.core
            }
            #expect(core == nil)
        }
        for _ in 0..<20 {
            // Dropped on the loop's own thread.
            weak var core: EventLoopCore?
            do {
                let loop = try RedisEventLoop(name: "dropped-there")
                core = loop.core
                let box = Observed<RedisEventLoop?>(loop)
                loop.execute { box.update { $0 = nil } }
            }
            try await eventually("the loop's thread to give up its core") { core == nil }
        }
    }

    @Test func `what was queued runs before the loop ends`() async throws {
        let ran = Latch("the queued work", count: 1000)
        do {
            let loop = try RedisEventLoop()
            for _ in 0..<1000 { loop.execute { ran.arrive() } }
        }
        try await ran.wait()
    }
}
