/// The open connections of a client, or of several that share them: one to each server for commands, and one for all
/// channels of Pub/Sub.
///
/// Whoever takes a connection gives it back. With the last one who gives it back it ends. Those who ask for a server
/// while it is being connected to share the attempt.
actor LinkPool {
    /// What a connection is for.
    enum Purpose: Hashable, Sendable {
        case commands, channels
    }

    private struct Key: Hashable {
        let endpoint: RedisEndpoint
        let purpose: Purpose
    }

    private struct Link {
        let connection: RedisConnection
        var users: Int
    }

    /// Work that is done once for all who wait for it.
    private final class JointWork<Value: Sendable> {
        var task: Task<Void, Never>?
        var waiters: [Int: OneShotPromise<Value>] = [:]
        /// What it came to; for a connection, all who waited at that moment are counted as its users.
        var value: Value?
        private var joined = 0

        func join(_ waiter: OneShotPromise<Value>) -> Int {
            joined += 1
            waiters[joined] = waiter
            return joined
        }

        func finish(_ outcome: Result<Value, RedisError>) {
            if case .success(let value) = outcome { self.value = value }
            let finished = waiters.values
            waiters = [:]
            for waiter in finished { waiter.finish(outcome) }
        }
    }

    nonisolated let eventLoop: RedisEventLoop
    private nonisolated let options: RedisConnectionOptions
    private var links: [Key: Link] = [:]
    private var attempts: [Key: JointWork<RedisConnection>] = [:]
    private var questions: [ObjectIdentifier: JointWork<ClusterAnswer>] = [:]

    /// The event loop, so that isolation is its thread.
    nonisolated var unownedExecutor: UnownedSerialExecutor { eventLoop.asUnownedSerialExecutor() }

    init(options: RedisConnectionOptions, on eventLoop: RedisEventLoop) {
        self.options = options
        self.eventLoop = eventLoop
    }

    /// Takes the connection to a server; makes it first if there is none.
    ///
    /// Cancellation ends this wait. The attempt ends too, unless others wait for it.
    ///
    /// - Throws: as `RedisConnection.connect`.
    func take(_ endpoint: RedisEndpoint, for purpose: Purpose) async throws(RedisError) -> RedisConnection {
        let key = Key(endpoint: endpoint, purpose: purpose)
        if let link = links[key], link.connection.core.isOpen {
            links[key]?.users += 1
            return link.connection
        }
        guard !Task.isCancelled else { throw .cancelled(fate: .notSent) }
        let attempt = attempts[key] ?? begin(key)
        let waiter = OneShotPromise<RedisConnection>(on: eventLoop)
        let place = attempt.join(waiter)
        do {
            // The attempt itself has a time-out.
            return try await waiter.wait(
                until: .max, otherwise: .failure(RedisError(.connectTimedOut, "no connection")))
        } catch {
            if attempt.waiters.removeValue(forKey: place) == nil {
                // Cancelled in the moment in which it succeeded.
                if let made = attempt.value { giveBack(made, purpose) }
            } else if attempt.waiters.isEmpty {
                attempts[key] = nil
                attempt.task?.cancel()
                await attempt.task?.value
            }
            throw error
        }
    }

    private func begin(_ key: Key) -> JointWork<RedisConnection> {
        let attempt = JointWork<RedisConnection>()
        attempts[key] = attempt
        var options = options
        if key.purpose == .channels { options.healthCheckInterval = options.healthCheckInterval ?? .seconds(15) }
        let box = LoopBound(attempt, on: eventLoop)
        // Unstructured: it belongs to all who wait for it, and must not end with the first who gives up.
        attempt.task = Task(executorPreference: eventLoop) { [options] in
            let outcome: Result<RedisConnection, RedisError>
            do throws(RedisError) {
                outcome = .success(
                    try await RedisConnection.connect(to: key.endpoint, options: options, on: self.eventLoop))
            } catch {
                outcome = .failure(error)
            }
            await self.end(box, key, outcome)
        }
        return attempt
    }

    private func end(
        _ box: LoopBound<JointWork<RedisConnection>>, _ key: Key, _ outcome: Result<RedisConnection, RedisError>
    ) {
        let attempt = box.value
        if attempts[key] === attempt { attempts[key] = nil }
        if case .success(let connection) = outcome {
            let core = connection.core
            guard !attempt.waiters.isEmpty else { return core.close() }
            links[key] = Link(connection: connection, users: attempt.waiters.count)
            // Holds the pool until the connection ends, at the latest when its last user gives it back.
            core.whenEnded { _ in self.assumeIsolated { $0.forget(connection, key) } }
        }
        attempt.finish(outcome)
    }

    private func forget(_ connection: RedisConnection, _ key: Key) {
        if links[key]?.connection === connection { links[key] = nil }
    }

    /// Gives a connection back that is not needed any more.
    ///
    /// - Parameter grace: If nobody else uses it, how long commands in flight may still be answered, and why it ends;
    ///   `nil` to end it at once.
    func giveBack(
        _ connection: RedisConnection, _ purpose: Purpose, within grace: (time: Duration, reason: String)? = nil
    ) {
        let key = Key(endpoint: connection.endpoint, purpose: purpose)
        guard let link = links[key], link.connection === connection else { return }
        guard link.users == 1 else {
            links[key]?.users -= 1
            return
        }
        links[key] = nil
        if let grace {
            connection.core.retire(within: grace.time, because: grace.reason)
        } else {
            connection.core.close()
        }
    }

    /// Nobody should use a server's connection for commands any more: who asks for that server next gets a new one.
    func abandon(_ connection: RedisConnection, within grace: Duration, because reason: String) {
        let key = Key(endpoint: connection.endpoint, purpose: .commands)
        if links[key]?.connection === connection { links[key] = nil }
        connection.core.retire(within: grace, because: reason)
    }

    /// Asks a node what it knows of its cluster; those who ask meanwhile share the answer.
    ///
    /// - Throws: as the connection.
    func clusterAnswer(from connection: RedisConnection) async throws(RedisError) -> ClusterAnswer {
        let id = ObjectIdentifier(connection)
        let question = questions[id] ?? ask(connection)
        let waiter = OneShotPromise<ClusterAnswer>(on: eventLoop)
        let place = question.join(waiter)
        do {
            return try await waiter.wait(until: .max, otherwise: .failure(.timedOut(after: .zero)))
        } catch {
            question.waiters[place] = nil
            throw error
        }
    }

    private func ask(_ connection: RedisConnection) -> JointWork<ClusterAnswer> {
        let question = JointWork<ClusterAnswer>()
        let box = LoopBound(question, on: eventLoop)
        let id = ObjectIdentifier(connection)
        questions[id] = question
        // Unstructured, as an attempt to connect. It has a time-out of its own, and ends with the connection.
        question.task = Task(executorPreference: eventLoop) {
            let outcome: Result<ClusterAnswer, RedisError>
            do throws(RedisError) {
                outcome = .success(try await ClusterAnswer(from: connection))
            } catch {
                outcome = .failure(error)
            }
            await self.answer(box, id, outcome)
        }
        return question
    }

    private func answer(
        _ box: LoopBound<JointWork<ClusterAnswer>>, _ id: ObjectIdentifier, _ outcome: Result<ClusterAnswer, RedisError>
    ) {
        questions[id] = nil
        box.value.finish(outcome)
    }
}
