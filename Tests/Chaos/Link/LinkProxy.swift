import Foundation
import TestSupport
import Testing

/// A TCP proxy on loopback between one scheduler and Redis, whose condition can be changed while bytes pass.
///
/// Each direction of each connection has a thread of its own that reads, waits as the condition wants it, and writes; so
/// nothing is lost or reordered within a connection, as with TCP itself.
package final class LinkProxy: Sendable {
    /// The port to connect to.
    package let port: Int
    private let serverPort: Int
    private let state: Observed<State>

    private struct State: Sendable {
        var condition = LinkCondition.good
        var isClosed = false
        /// Both ends of each connection that stands.
        var open: Set<Int32> = []
        var listener: Int32 = -1
    }

    /// Listens on a free port of 127.0.0.1.
    ///
    /// - Throws: ``SupportError`` when the system refuses.
    package init(to serverPort: Int) throws {
        self.serverPort = serverPort
        let (listener, port) = try LoopbackSocket.listen()
        self.port = port
        state = Observed(State(listener: listener))
        Thread.detachNewThread { [self] in accept(on: listener) }
    }

    /// How the bytes fare now.
    package var condition: LinkCondition { state.current.condition }

    /// Changes how the bytes fare from now on; `.cut` also cuts what stands.
    package func become(_ condition: LinkCondition) {
        state.update { state in
            state.condition = condition
            if condition == .cut { Self.shut(state.open) }
        }
    }

    /// Stops listening and cuts what stands.
    package func close() {
        state.update { state in
            guard !state.isClosed else { return }
            state.isClosed = true
            Self.shut(state.open)
            shutdown(state.listener, Int32(SHUT_RDWR))
            Foundation.close(state.listener)
        }
    }

    private static func shut(_ descriptors: Set<Int32>) {
        for descriptor in descriptors { shutdown(descriptor, Int32(SHUT_RDWR)) }
    }

    private func accept(on listener: Int32) {
        while true {
            let client = Foundation.accept(listener, nil, nil)
            if client < 0 {
                if errno == EINTR || errno == ECONNABORTED { continue }
                return
            }
            LoopbackSocket.prepare(client)
            guard state.current.condition != .cut, let server = LoopbackSocket.connect(to: serverPort) else {
                Foundation.close(client)
                continue
            }
            let isWelcome = state.update { state in
                guard !state.isClosed, state.condition != .cut else { return false }
                state.open.formUnion([client, server])
                return true
            }
            guard isWelcome else {
                Foundation.close(client)
                Foundation.close(server)
                continue
            }
            let remaining = Observed(2)
            Thread.detachNewThread { [self] in pump(client, server, towardsServer: true, remaining) }
            Thread.detachNewThread { [self] in pump(server, client, towardsServer: false, remaining) }
        }
    }

    private func pump(_ source: Int32, _ target: Int32, towardsServer: Bool, _ remaining: Observed<Int>) {
        var buffer = [UInt8](repeating: 0, count: 16_384)
        reading: while true {
            let count = recv(source, &buffer, buffer.count, 0)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            guard awaitPassage(towardsServer: towardsServer) else { break }
            var portion = count
            switch state.current.condition {
            case .slow(let delay): usleep(UInt32(delay / .microseconds(1)))
            case .crumbled(let size): portion = size
            case .good, .cut, .partitioned, .answersHeld: break
            }
            var sent = 0
            while sent < count {
                if portion < count, sent > 0 { usleep(500) }
                guard sendAll(buffer[sent..<min(sent + portion, count)], to: target) else { break reading }
                sent += portion
            }
        }
        Self.shut([source, target])
        // The descriptors go back to the system when neither direction uses them any more.
        let isLast = remaining.update { count in
            count -= 1
            return count == 0
        }
        if isLast {
            state.update { state in
                state.open.subtract([source, target])
                Foundation.close(source)
                Foundation.close(target)
            }
        }
    }

    /// Waits until bytes of that direction may pass.
    ///
    /// - Returns: Whether they still may: not once the proxy was cut or closed.
    private func awaitPassage(towardsServer: Bool) -> Bool {
        while true {
            let now = state.current
            if now.isClosed || now.condition == .cut { return false }
            if !now.condition.holds(towardsServer: towardsServer) { return true }
            usleep(2_000)
        }
    }
}
