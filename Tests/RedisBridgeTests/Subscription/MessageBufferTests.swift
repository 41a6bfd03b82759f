import Testing

@testable import RedisBridge

@Suite struct MessageBufferTests {
    private static func message(_ number: Int) -> RedisMessage {
        RedisMessage(channel: "c", payload: [UInt8(number)])
    }

    /// The outcome of a read, as a text to compare.
    private static func text(_ outcome: MessageBuffer<String>.Outcome?) -> String {
        switch outcome {
        case .element(.message(let message)): "message \(message.payload[0])"
        case .element(.overflowed(let dropped)): "overflowed \(dropped)"
        case .failure(let error): error.code.description
        case .end: "end"
        case nil: "wait"
        }
    }

    @Test func `messages come out in order, and a reader waits for the next`() {
        var buffer = MessageBuffer<String>(limit: 10)
        #expect(buffer.append(Self.message(1)) == nil)
        #expect(buffer.append(Self.message(2)) == nil)
        #expect(Self.text(buffer.read("r")) == "message 1")
        #expect(Self.text(buffer.read("r")) == "message 2")
        #expect(Self.text(buffer.read("r")) == "wait")
        let served = buffer.append(Self.message(3))
        #expect(served?.reader == "r")
        #expect(Self.text(served?.outcome) == "message 3")
    }

    @Test func `beyond the limit one overflow with the number of lost messages replaces everything`() {
        var buffer = MessageBuffer<String>(limit: 3)
        for number in 1...3 { #expect(buffer.append(Self.message(number)) == nil) }
        #expect(Self.text(buffer.read("r")) == "message 1")
        for number in 4...6 { #expect(buffer.append(Self.message(number)) == nil) }
        // 2, 3, 4 waited when 5 came; 6 came after it.
        #expect(Self.text(buffer.read("r")) == "overflowed 4")
        #expect(Self.text(buffer.read("r")) == "message 6")
    }

    @Test func `overflows add up`() {
        var buffer = MessageBuffer<String>(limit: 2)
        for number in 1...20 { #expect(buffer.append(Self.message(number)) == nil) }
        var told = 0
        while let outcome = buffer.read("r") {
            switch outcome {
            case .element(.overflowed(let dropped)): told += dropped
            case .element(.message): told += 1
            default: Issue.record("ended")
            }
        }
        #expect(told == 20)
    }

    @Test func `messages before the end are read first, then the failure once, then the end`() {
        var buffer = MessageBuffer<String>(limit: 10)
        #expect(buffer.append(Self.message(1)) == nil)
        #expect(buffer.finish(RedisError(.connectionLost, "gone")) == nil)
        #expect(buffer.append(Self.message(2)) == nil)
        #expect(Self.text(buffer.read("r")) == "message 1")
        #expect(Self.text(buffer.read("r")) == "connectionLost")
        #expect(Self.text(buffer.read("r")) == "end")
    }

    @Test func `a waiting reader gets the end, and a removed one gets nothing`() {
        var buffer = MessageBuffer<String>(limit: 10)
        #expect(Self.text(buffer.read("first")) == "wait")
        #expect(buffer.removeReader() == "first")
        #expect(buffer.removeReader() == nil)
        #expect(buffer.append(Self.message(1)) == nil)
        #expect(Self.text(buffer.read("second")) == "message 1")
        #expect(Self.text(buffer.read("second")) == "wait")
        let told = buffer.finish(nil)
        #expect(told?.reader == "second")
        #expect(Self.text(told?.outcome) == "end")
    }

    @Test func `a second reader is refused`() {
        var buffer = MessageBuffer<String>(limit: 10)
        #expect(Self.text(buffer.read("first")) == "wait")
        #expect(Self.text(buffer.read("second")) == "misuse")
        #expect(buffer.append(Self.message(1))?.reader == "first")
    }
}
