import CRedisLink

/// Finds out whether a port that leaves a TLS handshake unanswered speaks Redis without TLS.
///
/// Such a server takes the handshake for half a command and waits silently for the rest, just as a busy server with TLS
/// does. So after a delay it is sent PING over a second connection, in plain text. Any reply proves that the port does
/// not speak TLS; a server with TLS hangs up. Only the word PING goes over that connection.
///
/// Everything is for the loop's thread. The probe holds itself until it has ended or is stopped.
final class PlaintextProbe {
    private static let question = RedisCommand("PING")

    private let eventLoop: RedisEventLoop
    private var timer: EventLoopCore.TimerID?
    private var link: RedisLink?

    /// Asks after a delay.
    ///
    /// - Parameters:
    ///   - isWanted: called after the delay: whether the answer is still of use.
    ///   - found: called when the server has answered, at most once.
    init(
        _ address: SocketAddress, after delay: Duration, on eventLoop: RedisEventLoop,
        if isWanted: @escaping () -> Bool,
        found: @escaping () -> Void
    ) {
        self.eventLoop = eventLoop
        timer = eventLoop.core.scheduleTimer(at: RedisEventLoop.deadline(after: delay)) {
            self.timer = nil
            if isWanted() { self.ask(address, found: found) }
        }
    }

    private func ask(_ address: SocketAddress, found: @escaping () -> Void) {
        // Without a second connection, the handshake's own time-out decides.
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

    /// Stops asking, and closes the second connection.
    func stop() {
        if let timer {
            eventLoop.core.cancelTimer(timer)
        }
        timer = nil
        link?.close()
        link = nil
    }
}
