/// Opening: look up, connect, secure, log in.
extension RedisConnection {
    func open() async throws(RedisError) {
        let deadline = RedisEventLoop.deadline(after: options.connectTimeout)
        do {
            try await connect(until: deadline)
            try await logIn(until: deadline)
        } catch {
            let located = error.at(endpoint: endpoint.description)
            core.end(located)
            throw located
        }
        core.scheduleHealthCheck()
    }

    private func connect(until deadline: Int64) async throws(RedisError) {
        let addresses: [SocketAddress]
        var security: (context: TLSContext, host: String)?
        switch endpoint {
        case .unix(let path):
            addresses = [.unix(path)]
        case .tcp(let host, let port):
            addresses = try await NameLookup.addresses(of: host, port: port, on: eventLoop, until: deadline)
        case .tls(let host, let port):
            security = (try TLSContext(options.tls), host)
            addresses = try await NameLookup.addresses(of: host, port: port, on: eventLoop, until: deadline)
        }
        var failure = RedisError(.connectFailed, "the name has no address")
        for (index, address) in addresses.enumerated() {
            // An address that swallows packets must not use up the time of the ones after it.
            let now = RedisEventLoop.monotonicNanoseconds
            let share = max(0, deadline - now) / Int64(addresses.count - index)
            do {
                return try await connect(to: address, security: security, until: now.addingClamped(share))
            } catch {
                // After a wrong certificate, or none, at one address, do not look for a right one at another.
                guard ![.cancelled, .tlsFailed, .tlsMismatch].contains(error.code) else { throw error }
                failure = error
            }
        }
        throw failure
    }

    private func connect(
        to address: SocketAddress, security: (context: TLSContext, host: String)?, until deadline: Int64
    ) async throws(RedisError) {
        let connected = try core.connect(to: address, security: security)
        do {
            try await connected.wait(
                until: deadline,
                otherwise: .failure(
                    RedisError(.connectTimedOut, "no connection within \(options.connectTimeout.secondsText)")))
        } catch {
            var error = error
            if error.code == .connectTimedOut, core.link?.isHandshaking == true {
                error = RedisError(
                    .unresponsive, "no answer to the TLS handshake within \(options.connectTimeout.secondsText)")
            }
            core.end(error)
            throw error
        }
        try core.becomeOpen()
    }

    private func logIn(until deadline: Int64) async throws(RedisError) {
        var commands: [RedisCommand] = []
        // For a user without a password, send an empty one, as redis-py does.
        if let username = options.username, !username.isEmpty {
            commands.append(RedisCommand("AUTH", username, options.password?.value ?? ""))
        } else if let password = options.password {
            commands.append(RedisCommand("AUTH", password.value))
        }
        if let name = options.clientName {
            commands.append(RedisCommand("CLIENT", "SETNAME", name))
        }
        if options.database != 0 {
            commands.append(RedisCommand("SELECT", options.database))
        }
        // With TLS 1.3 a server that rejects our certificate, or wants one, says so after the handshake: only an answer
        // proves that we are in.
        if case .tls = endpoint, commands.isEmpty {
            commands.append(RedisCommand("PING"))
        }
        guard !commands.isEmpty else { return }
        let remaining = max(0, deadline - RedisEventLoop.monotonicNanoseconds)
        do throws(RedisError) {
            let replies = try await pipeline(commands, timeout: .nanoseconds(remaining))
            for (command, reply) in zip(commands, replies) {
                // Any answer to PING will do, even that it is denied.
                if case .error(let error) = reply, command.name != "PING" {
                    throw explained(error).at(command: command.name)
                }
            }
        } catch {
            guard error.code == .timedOut else { throw error }
            throw RedisError(.unresponsive, "no answer to the log-in within \(options.connectTimeout.secondsText)")
        }
    }
}

/// Says that the URL must be corrected for a cluster, which has only database 0: the server does not.
private func explained(_ error: RedisError) -> RedisError {
    guard error.reason.contains("not allowed in cluster mode") else { return error }
    return RedisError(
        .server, "this is a Redis Cluster, which has database 0 only: remove the database from the URL",
        prefix: error.prefix, fate: .refused)
}
