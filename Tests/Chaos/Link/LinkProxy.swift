import Foundation
import TestSupport
import Testing

/// A TCP proxy on loopback in front of a server, whose condition can be changed while bytes pass: for all who connect, or
/// for those who name themselves in the first bytes that they send.
///
/// A scheduler does so by `CLIENT SETNAME`, a node of a cluster by the head of each message on the bus.
///
/// Each direction of each connection has a thread of its own that reads, waits as the condition wants it, and writes; so
/// nothing is lost or reordered within a connection, as with TCP itself.
package final class LinkProxy: Sendable {
    /// The port to connect to.
    package let port: Int
    private let state: Observed<State>

    private struct State: Sendable {
        /// Where the server listens, once it does.
        var serverPort: Int?
        var rules = LinkRules()
        var isClosed = false
        var open: [Connection] = []
        var listener: Int32 = -1
    }

    /// Both ends of a connection that stands, and the first bytes that its client sent.
    private struct Connection: Sendable {
        let client: Int32
        let server: Int32
        var beginning: [UInt8] = []

        func shut() {
            for descriptor in [client, server] { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }

    /// Listens on a free port of 127.0.0.1.
    ///
    /// - Parameter serverPort: Where the server listens; ``lead(to:)`` tells it later.
    /// - Throws: ``SupportError`` when the system refuses.
    package init(to serverPort: Int? = nil) throws {
        let (listener, port) = try LoopbackSocket.listen()
        self.port = port
        state = Observed(State(serverPort: serverPort, listener: listener))
        Thread.detachNewThread { [self] in accept(on: listener) }
    }

    /// Lets new connections go to this port.
    package func lead(to serverPort: Int) {
        state.update { $0.serverPort = serverPort }
    }

    /// Changes how the bytes of all connections fare from now on; `.cut` also cuts what stands.
    ///
    /// - Parameter spared: Names of clients to whom this does not happen.
    package func become(_ condition: LinkCondition, sparing spared: Set<String> = []) {
        change { rules in
            rules.condition = condition
            rules.spared = spared
        }
    }

    /// Changes how the bytes of one client fare from now on, beside what all of them suffer.
    ///
    /// - Parameter client: A name that the client sends among its first bytes.
    package func become(_ condition: LinkCondition, for client: String) {
        change { $0.clients[client] = condition == .good ? nil : condition }
    }

    /// Ends what happens to single clients.
    package func forgetNames() {
        change { $0.clients = [:] }
    }

    private func change(_ body: (inout LinkRules) -> Void) {
        state.update { state in
            body(&state.rules)
            for connection in state.open where state.rules.condition(for: connection.beginning) == .cut {
                connection.shut()
            }
        }
    }

    /// Stops listening and cuts what stands.
    package func close() {
        state.update { state in
            guard !state.isClosed else { return }
            state.isClosed = true
            for connection in state.open { connection.shut() }
            shutdown(state.listener, Int32(SHUT_RDWR))
            Foundation.close(state.listener)
        }
    }

    private func accept(on listener: Int32) {
        while true {
            let client = Foundation.accept(listener, nil, nil)
            if client < 0 {
                if errno == EINTR || errno == ECONNABORTED { continue }
                return
            }
            LoopbackSocket.prepare(client)
            let now = state.current
            guard now.rules.admitsNewcomers, let server = now.serverPort.flatMap(LoopbackSocket.connect) else {
                Foundation.close(client)
                continue
            }
            let isWelcome = state.update { state in
                guard !state.isClosed, state.rules.admitsNewcomers else { return false }
                state.open.append(Connection(client: client, server: server))
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
            if towardsServer { note(buffer[..<count], from: source) }
            guard let condition = awaitPassage(of: towardsServer ? source : target, towardsServer: towardsServer) else {
                break
            }
            var portion = count
            switch condition {
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
        for descriptor in [source, target] { shutdown(descriptor, Int32(SHUT_RDWR)) }
        // The descriptors go back to the system when neither direction uses them any more.
        let isLast = remaining.update { count in
            count -= 1
            return count == 0
        }
        if isLast {
            state.update { state in
                state.open.removeAll { $0.client == source || $0.client == target }
                Foundation.close(source)
                Foundation.close(target)
            }
        }
    }

    /// Keeps what a client sends first, in which it may name itself.
    private func note(_ bytes: ArraySlice<UInt8>, from client: Int32) {
        state.update { state in
            guard let index = state.open.firstIndex(where: { $0.client == client }) else { return }
            let room = LinkRules.beginningLength - state.open[index].beginning.count
            if room > 0 { state.open[index].beginning += bytes.prefix(room) }
        }
    }

    /// Waits until bytes of that direction may pass.
    ///
    /// - Returns: How they fare then; `nil` once the connection was cut or the proxy closed.
    private func awaitPassage(of client: Int32, towardsServer: Bool) -> LinkCondition? {
        while true {
            let now = state.current
            guard !now.isClosed, let connection = now.open.first(where: { $0.client == client }) else { return nil }
            let condition = now.rules.condition(for: connection.beginning)
            if condition == .cut { return nil }
            if !condition.holds(towardsServer: towardsServer) { return condition }
            usleep(2_000)
        }
    }
}
