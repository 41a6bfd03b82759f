import CRedisLink

/// The link: how it is opened, what it reports, and how the connection ends.
extension ConnectionCore {
    /// Starts to connect.
    ///
    /// - Returns: a promise that is finished when the link is connected, or has failed.
    func connect(
        to address: SocketAddress, security: (context: TLSContext, host: String)?
    ) throws(RedisError) -> OneShotPromise<Void> {
        let connected = OneShotPromise<Void>(on: eventLoop)
        // The link holds us until `end` closes it.
        link = try RedisLink.open(address, security: security, on: eventLoop) { event in self.handle(event) }
        state = .connecting(connected)
        if security != nil {
            probe = PlaintextProbe(
                address, after: min(.milliseconds(500), options.connectTimeout / 4), on: eventLoop,
                if: { self.link?.isHandshaking == true }, found: { self.end(.tlsNotSpoken) })
        }
        return connected
    }

    /// Takes commands from now on.
    ///
    /// - Throws: why the connection has ended, if it has: the server may have hung up before the task that waited for
    ///   the link had its turn.
    func becomeOpen() throws(RedisError) {
        if let endReason { throw endReason }
        state = .open
        lastReceived = RedisEventLoop.monotonicNanoseconds
    }

    private func handle(_ event: redis_link_event) {
        switch event {
        case REDIS_LINK_CONNECTED:
            stopProbe()
            if case .connecting(let connected) = state {
                connected.finish(.success(()))
            }
        case REDIS_LINK_READABLE:
            takeReplies()
        default:
            linkFailed()
        }
    }

    private func takeReplies() {
        lastReceived = RedisEventLoop.monotonicNanoseconds
        hasReceived = true
        // A reply may end the connection, which closes the link and so ends this loop.
        while let link, link.withNextReply({ dispatch($0) }) {}
    }

    private func dispatch(_ reply: borrowing RedisReplyView) {
        if let channels, channels.take(reply) {
            return
        }
        guard slots.isEmpty else {
            let farewell = reply.isFarewell ? reply.error : nil
            slots.popFirst()?.receive(reply)
            // The commands behind it get no answer any more, for the same reason.
            if let farewell { return end(farewell.at(endpoint: endpoint.description)) }
            if isRetired, slots.isEmpty { close() }
            return
        }
        // With an unsolicited error a server says why it is about to hang up, such as "max number of clients".
        let error = reply.error ?? RedisError(.malformedReply, "the server sent an unsolicited reply")
        end(error.at(endpoint: endpoint.description))
    }

    private func linkFailed() {
        guard let failure = link?.failure else { return }
        end(error(of: failure).at(endpoint: endpoint.description))
    }

    private func error(of failure: RedisLink.Failure) -> RedisError {
        let fate: CommandFate = isOpen ? .unknown : .notSent
        switch failure.kind {
        case REDIS_LINK_MALFORMED:
            return RedisError(.malformedReply, failure.text, fate: fate)
        case REDIS_LINK_INSECURE where !hasReceived:
            return TLSFailure(problem: failure.problem, text: failure.text).error(with: options.tls, fate: fate)
        case REDIS_LINK_REFUSED:
            return RedisError(.connectFailed, failure.text, fate: fate)
        default:
            return hasReceived
                ? RedisError(.connectionLost, failure.text, fate: fate) : hungUpFirst(failure, fate: fate)
        }
    }

    /// The server accepted the connection and hung up before it said anything.
    private func hungUpFirst(_ failure: RedisLink.Failure, fate: CommandFate) -> RedisError {
        switch endpoint {
        case .tls where failure.lacksCertificate:
            // Its alert was lost on the way.
            return TLSFailure(
                problem: REDIS_TLS_CERTIFICATE_WANTED,
                text: "the server asked for a certificate, and hung up when it got none (\(failure.text))"
            ).error(with: options.tls, fate: fate)
        case .tcp where isOpen:
            return RedisError(
                .connectionLost,
                """
                \(failure.text), \(RedisError.unheard); if this port speaks TLS, its URL must begin with rediss instead of \
                redis
                """, fate: fate)
        default:
            return RedisError(isOpen ? .connectionLost : .connectFailed, failure.text, fate: fate)
        }
    }

    private func stopProbe() {
        probe?.stop()
        probe = nil
    }

    /// Ends the connection because nobody needs it any more.
    func close() {
        end(RedisError(.closed, "the connection was closed", endpoint: endpoint.description))
    }

    /// Ends the connection as soon as the commands in flight have been answered, at the latest after `grace`.
    func retire(within grace: Duration, because reason: String) {
        guard isOpen, !isRetired else { return }
        isRetired = true
        guard !slots.isEmpty else { return close() }
        retirementTimer = eventLoop.core.scheduleTimer(at: RedisEventLoop.deadline(after: grace)) {
            self.retirementTimer = nil
            self.end(RedisError(.connectionLost, reason, endpoint: self.endpoint.description, fate: .unknown))
        }
    }

    /// Ends the connection: the only way into `.closed`.
    func end(_ error: RedisError) {
        let former = state
        if case .closed = former { return }
        state = .closed(error)
        link?.close()
        link = nil
        stopProbe()
        cancelTimers()
        for waiter in slots.removeAll() {
            waiter.fail(
                RedisError(error.code, error.reason, prefix: error.prefix, endpoint: error.endpoint, fate: .unknown))
        }
        if case .connecting(let connected) = former {
            connected.finish(.failure(error))
        }
        channels?.end(error)
        channels = nil
        let reports = onEnd
        onEnd = []
        for report in reports { report(error) }
    }

    private func cancelTimers() {
        for timer in [timeoutTimer?.id, healthTimer, retirementTimer].compactMap({ $0 }) {
            eventLoop.core.cancelTimer(timer)
        }
        timeoutTimer = nil
        healthTimer = nil
        retirementTimer = nil
    }
}
