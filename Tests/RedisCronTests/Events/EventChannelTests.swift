import Testing

@testable import RedisCron

@Suite(.timeLimit(.minutes(1)))
struct EventChannelTests {
    @Test func `a reader that falls behind loses the oldest events and never holds up the scheduler`() async {
        let channel = EventChannel()
        var reader = channel.stream().makeAsyncIterator()
        let last = EventChannel.buffered + 100
        for number in 1...last { channel.send(.stopped(name: "\(number)")) }
        #expect(await reader.next() == .stopped(name: "101"))
        for _ in 102..<last { _ = await reader.next() }
        #expect(await reader.next() == .stopped(name: "\(last)"))
    }

    @Test func `who reads is known, and forgotten when the reader stops`() async {
        let channel = EventChannel()
        #expect(!channel.hasReaders)
        var stream: AsyncStream<SchedulerEvent>? = channel.stream()
        #expect(channel.hasReaders)
        _ = stream
        stream = nil
        #expect(!channel.hasReaders)
    }

    @Test func `reading ends with the channel`() async {
        var channel: EventChannel? = EventChannel()
        var reader = channel?.stream().makeAsyncIterator()
        channel?.send(.reconnected)
        channel = nil
        #expect(await reader?.next() == .reconnected)
        #expect(await reader?.next() == nil)
    }
}
