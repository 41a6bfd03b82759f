import Foundation
import TestSupport
import Testing

@testable import RedisBridge

@Suite(.timeLimit(.minutes(1))) struct DescriptorWatchTests {
    /// Reads what comes through a pipe, on the loop's thread.
    private final class Reader: Sendable {
        let pipe = Pipe()
        let loop: RedisEventLoop
        let seen = Observed<[UInt8]>([])
        let calls = Observed(0)
        let wasElsewhere = Observed(false)

        init(_ loop: RedisEventLoop) {
            self.loop = loop
            // It must not block where nothing is there.
            _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        }

        var descriptor: CInt { pipe.fileHandleForReading.fileDescriptor }

        /// - Returns: Whether there may be more.
        @Sendable func read() -> Bool {
            if !loop.isCurrent { wasElsewhere.update { $0 = true } }
            calls.update { $0 += 1 }
            var byte: UInt8 = 0
            guard Foundation.read(descriptor, &byte, 1) == 1 else { return false }
            seen.update { $0.append(byte) }
            return true
        }

        func write(_ bytes: [UInt8]) throws {
            try pipe.fileHandleForWriting.write(contentsOf: Data(bytes))
        }
    }

    @Test func `what can be read is read on the loop's thread, also what came before, and again where there is more`()
        async throws
    {
        let loop = try RedisEventLoop()
        let reader = Reader(loop)
        let watch = DescriptorWatch(on: loop, readable: reader.read)
        try reader.write([1, 2, 3])
        try await watch.start(reader.descriptor)
        try await eventually("what came before is read") { reader.seen.current == [1, 2, 3] }
        try reader.write([4, 5])
        try await eventually("what came later is read") { reader.seen.current == [1, 2, 3, 4, 5] }
        #expect(!reader.wasElsewhere.current)
        await watch.end()
    }

    @Test func `it is called when it is told to while it watches, and not before or afterwards`() async throws {
        let loop = try RedisEventLoop()
        let reader = Reader(loop)
        let watch = DescriptorWatch(on: loop, readable: reader.read)
        watch.call()
        try await watch.start(reader.descriptor)
        #expect(reader.calls.current == 1)
        watch.call()
        try await eventually("it was called") { reader.calls.current == 2 }
        await watch.end()
        try reader.write([1])
        watch.call()
        // Another turn of the loop.
        try await loop.sleep(for: .milliseconds(20))
        #expect(reader.seen.current == [])
        #expect(reader.calls.current == 2)
    }

    @Test func `the loop holds it until it ends, and not longer`() async throws {
        let loop = try RedisEventLoop()
        let reader = Reader(loop)
        var watch: DescriptorWatch? = DescriptorWatch(on: loop, readable: reader.read)
        weak let former = watch
        try await watch?.start(reader.descriptor)
        await watch?.end()
        watch = nil
        try await eventually("it is freed") { former == nil }
    }
}
