import CronFiles
import RQWire
package import RedisBridge

/// What went wrong in the scheduler or with a definition, with the data that says where.
///
/// The only error that the calls of this library throw. The text never holds a password: addresses appear with their
/// secret removed.
public struct RedisCronError: Error, Sendable, Hashable {
    /// The kind of a failure.
    ///
    /// More may be added, so switch over it with a default.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Kind: String {
            case invalidDefinition, unreadableDefinition, noSuchJob, editConflict, noConnection
            case lockHeld, lockLost, alreadyRunning, notRegistered, invalidOption, redis
            case timeZoneUnavailable, cancelled
        }

        private let kind: Kind

        private init(_ kind: Kind) {
            self.kind = kind
        }

        /// A definition was refused before anything was written.
        public static let invalidDefinition = Code(.invalidDefinition)
        /// A hash in Redis cannot be understood as a definition.
        public static let unreadableDefinition = Code(.unreadableDefinition)
        /// No definition of that id stands in Redis, or it was deleted meanwhile.
        public static let noSuchJob = Code(.noSuchJob)
        /// The definition kept changing under an edit.
        public static let editConflict = Code(.editConflict)
        /// The value carries no connection, so it cannot reach Redis.
        public static let noConnection = Code(.noConnection)
        /// Another live scheduler holds the lock.
        public static let lockHeld = Code(.lockHeld)
        /// The lock was lost while leading.
        public static let lockLost = Code(.lockLost)
        /// `run()` was called while it was running, or after it had ended.
        public static let alreadyRunning = Code(.alreadyRunning)
        /// The scheduler holds no lock and is in no registry.
        public static let notRegistered = Code(.notRegistered)
        /// An option is out of its range.
        public static let invalidOption = Code(.invalidOption)
        /// This machine's time zone data does not have a zone that is needed; nothing is wrong with the definition.
        public static let timeZoneUnavailable = Code(.timeZoneUnavailable)
        /// Redis could not be reached, or answered with an error or with something unexpected.
        public static let redis = Code(.redis)
        /// The task was cancelled while it waited.
        ///
        /// A write that was under way may or may not have happened.
        public static let cancelled = Code(.cancelled)

        /// The name of the code.
        public var description: String { kind.rawValue }
    }

    /// The kind of the failure.
    public let code: Code
    /// The definition's id, where one is concerned.
    public let id: String?
    /// The field or option that is wrong, where one is.
    public let field: String?
    /// One sentence for a person: what was wrong, where, and what was expected.
    public let message: String
    /// The line of the file that was read, counted from 1, where it is known.
    public let line: Int?
    /// What the connection reported, where the failure began there.
    package let cause: RedisError?

    package init(
        _ code: Code, id: String? = nil, field: String? = nil, line: Int? = nil, cause: RedisError? = nil,
        _ message: String
    ) {
        self.code = code
        self.id = id
        self.field = field
        self.line = line
        self.cause = cause
        self.message = message
    }
}

extension RedisCronError {
    /// Any error as this type.
    package init(_ error: any Error) {
        switch error {
        case let error as RedisCronError: self = error
        case let error as RedisError:
            self.init(error.code == .cancelled ? .cancelled : .redis, cause: error, error.description)
        case is CancellationError: self.init(.cancelled, "cancelled")
        case let error as DeclarationError:
            self.init(.invalidDefinition, id: error.id, field: error.field, line: error.line, error.message)
        default: self.init(.redis, String(describing: error))
        }
    }

    /// Runs the body, and throws whatever it throws as this type.
    package nonisolated(nonsending) static func unifying<Value>(
        _ body: nonisolated(nonsending) () async throws -> Value
    ) async throws(RedisCronError) -> Value {
        do {
            return try await body()
        } catch {
            throw RedisCronError(error)
        }
    }
}

extension Error {
    /// What the connection reported, where the failure began there.
    package var redisError: RedisError? { self as? RedisError ?? (self as? RedisCronError)?.cause }
}

extension RedisCronError: CustomStringConvertible {
    /// The message with the line, the job and the field that it is about.
    public var description: String {
        guard line == nil else { return DeclarationError(line: line, id: id, field: field, message).description }
        return switch (id, field) {
        case (let id?, let field?): "job \(quoted(id)), \(field): \(message)"
        case (let id?, nil): "job \(quoted(id)): \(message)"
        case (nil, let field?): "\(field): \(message)"
        case (nil, nil): message
        }
    }

    /// The same as ``description``.
    public var localizedDescription: String { description }
}

extension RedisCronError {
    static func invalid(_ field: String, _ message: String, id: String? = nil) -> RedisCronError {
        RedisCronError(.invalidDefinition, id: id, field: field, message)
    }

    static func unreadable(_ id: String, _ field: String?, _ message: String) -> RedisCronError {
        RedisCronError(.unreadableDefinition, id: id, field: field, message)
    }

    package static func noSuchJob(_ id: String) -> RedisCronError {
        RedisCronError(.noSuchJob, id: id, "no such definition in Redis")
    }

    static func lockHeld(_ key: String, by holder: LockHolder?) -> RedisCronError {
        let scheduler = holder.map { "scheduler \($0)" } ?? "another live scheduler"
        let lasts = holder.map { $0.remaining == nil } ?? false
        let patience = lasts ? "mend the lock (rqrcron doctor --repair)" : "wait until its lock expires"
        return RedisCronError(
            .lockHeld, "\(scheduler) holds \(key); stop it, \(patience), or stand by to take over")
    }

    static func lockLost(_ name: String) -> RedisCronError {
        RedisCronError(.lockLost, "scheduler \(quoted(name)) lost the lock to another one and stopped")
    }

    static func unexpectedReply(to command: String, _ reply: String) -> RedisCronError {
        RedisCronError(.redis, "unexpected answer to \(command): \(reply)")
    }
}
