import RQWire
import Testing

@testable import RedisCron

@Suite(.timeLimit(.minutes(1)))
struct EventChannelTests {
    @Test func `a reader that falls behind loses the oldest events, learns how many, and holds up nobody`() async {
        let channel = EventChannel()
        var reader = channel.read()
        let last = EventChannel.buffered + 100
        for number in 1...last { channel.send(.becameLeader(name: "\(number)")) }
        #expect(await reader.next() == .missed(count: 100))
        #expect(await reader.next() == .becameLeader(name: "101"))
        for _ in 102..<last { _ = await reader.next() }
        #expect(await reader.next() == .becameLeader(name: "\(last)"))
        channel.send(.reconnected)
        #expect(await reader.next() == .reconnected)
    }

    @Test func `what one reader missed another one has`() async {
        let channel = EventChannel()
        var slow = channel.read()
        var quick = channel.read()
        for number in 0...EventChannel.buffered {
            channel.send(.becameLeader(name: "\(number)"))
            #expect(await quick.next() == .becameLeader(name: "\(number)"))
        }
        #expect(await slow.next() == .missed(count: 1))
    }

    @Test func `who reads is known, and forgotten when the reader stops`() async {
        let channel = EventChannel()
        #expect(!channel.hasReaders)
        var reader: SchedulerEvents.Iterator? = channel.read()
        #expect(channel.hasReaders)
        _ = reader
        reader = nil
        #expect(!channel.hasReaders)
    }

    @Test func `a reader who does not want to know of each run gets the rest`() async {
        let channel = EventChannel()
        var reader = channel.read(withRuns: false)
        #expect(channel.hasReaders && !channel.hasReadersOfRuns)
        var all: SchedulerEvents.Iterator? = channel.read()
        #expect(channel.hasReadersOfRuns)
        for event in [.ended([]), .enqueued([]), .refused([]), .reconnected] as [SchedulerEvent] { channel.send(event) }
        #expect(await reader.next() == .reconnected)
        #expect(await all?.next() == .ended([]))
        all = nil
        #expect(channel.hasReaders && !channel.hasReadersOfRuns)
        channel.finish(with: .enqueued([]))
        #expect(await reader.next() == .enqueued([]))
        #expect(!channel.hasReaders && !channel.hasReadersOfRuns)
    }

    @Test func `reading ends with the channel`() async {
        var channel: EventChannel? = EventChannel()
        var reader = channel?.read()
        channel?.send(.reconnected)
        channel = nil
        #expect(await reader?.next() == .reconnected)
        #expect(await reader?.next() == nil)
    }

    @Test func `after the last event there is nothing, and nothing is told any more`() async {
        let channel = EventChannel()
        var early = channel.read()
        channel.finish(with: .stopped(name: "s"))
        channel.finish(with: .reconnected)
        channel.send(.reconnected)
        var late = channel.read()
        #expect(await early.next() == .stopped(name: "s"))
        #expect(await early.next() == nil)
        #expect(await late.next() == .stopped(name: "s"))
        #expect(await late.next() == nil)
        #expect(!channel.hasReaders)
    }

    @Test func `a reader that waits is woken by the next event`() async {
        let channel = EventChannel()
        let iterator = channel.read()
        let reading = Task {
            var events = iterator
            return [await events.next(), await events.next()]
        }
        await Task.yield()
        channel.send(.reconnected)
        channel.finish(with: .stopped(name: "s"))
        #expect(await reading.value == [.reconnected, .stopped(name: "s")])
    }
}
