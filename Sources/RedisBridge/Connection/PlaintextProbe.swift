import CRedisLink

/// Finds out whether a port that leaves a TLS handshake unanswered speaks Redis without TLS.
///
/// Such a server takes the handshake for the beginning of a command and waits for the rest without a word, just as a busy
/// server with TLS does. So after a pause it is asked PING over a second connection, in plain text. Whatever reply comes
/// says that the port speaks no TLS; a server that does hangs up. Nothing of ours but the word PING goes over that connection.
///
/// Everything is for the loop's thread. It holds itself until it has ended or is stopped.
final class PlaintextProbe {
    private static let question = RedisCommand("PING")

    private let eventLoop: RedisEventLoop
    private var alarm: EventLoopCore.AlarmName?
    private var link: RedisLink?

    /// Asks after a pause.
    ///
    /// - Parameters:
    ///   - isWanted: looked at after the pause: whether the answer is still of use.
    ///   - found: called when the server has answered, at most once.
    init(
        _ address: SocketAddress, after pause: Duration, on eventLoop: RedisEventLoop,
        if isWanted: @escaping () -> Bool,
        found: @escaping () -> Void
    ) {
        self.eventLoop = eventLoop
        let due = RedisEventLoop.monotonicNanoseconds.addingClamped(pause.nanosecondsClamped)
        alarm = eventLoop.core.scheduleAlarm(EVENT_LOOP_MONOTONIC, at: due) {
            self.alarm = nil
            if isWanted() { self.ask(address, found: found) }
        }
    }

    private func ask(_ address: SocketAddress, found: @escaping () -> Void) {
        // Where no second connection is to be had, the handshake's own time-out has the last word.
        link = try? RedisLink.open(address, security: nil, on: eventLoop) { event in
            switch event {
            case REDIS_LINK_CONNECTED:
                _ = self.link?.append(Self.question)
            case REDIS_LINK_READABLE:
                guard let link = self.link, link.withNextReply({ _ in }) else { return }
                self.stop()
                found()
            default:
                self.stop()
            }
        }
    }

    /// Asks no more, and closes the second connection.
    func stop() {
        if let alarm {
            eventLoop.core.cancelAlarm(EVENT_LOOP_MONOTONIC, alarm)
        }
        alarm = nil
        link?.close()
        link = nil
    }
}
