import RQWire

/// Something that deserves attention, in the server's settings or in the data.
///
/// A running scheduler reports findings about the server as ``SchedulerEvent/finding(_:)``;
/// ``RedisCronConnection/diagnose(lockTTL:)`` examines the definitions as well.
public struct Finding: Sendable, Hashable {
    /// How much it matters.
    public enum Severity: Int, Sendable, Hashable, Comparable, CaseIterable {
        /// Good to know; nothing is wrong.
        case notice
        /// Something could be lost or late if it stays so.
        case warning
        /// Something that should run does not.
        case error

        /// `notice` is the lowest.
        public static func < (left: Severity, right: Severity) -> Bool { left.rawValue < right.rawValue }
    }

    /// What was examined, by its name in the output of `rqrcron doctor`.
    public struct Check: Sendable, Hashable, CustomStringConvertible {
        /// The name, as `rqrcron doctor` prints it.
        public let description: String

        /// Which version the server has.
        package static let serverVersion = Check(description: "server-version")
        /// Whether the server takes writes.
        package static let role = Check(description: "role")
        /// Whether the server accepts a write that changes nothing.
        package static let writes = Check(description: "writes")
        /// Whether the server knows the commands that are needed.
        package static let command = Check(description: "command")
        /// How near the server is to its memory limit.
        package static let memory = Check(description: "memory")
        /// Whether the sentinels can be asked, and agree.
        package static let sentinel = Check(description: "sentinel")
        /// Whether the nodes of a cluster serve all slots, and none of these is being moved.
        package static let cluster = Check(description: "cluster")
        /// Whether the master that sentinels or a cluster name has replicas.
        package static let replicas = Check(description: "replicas")
        /// Whether the server may drop keys when memory is short.
        package static let evictionPolicy = Check(description: "eviction-policy")
        /// Whether the server keeps its data over a restart.
        package static let persistence = Check(description: "persistence")
        /// How far the server's clock is from ours.
        package static let clock = Check(description: "clock")
        /// Whether somebody leads, and whether the lock ends with its holder.
        package static let lock = Check(description: "lock")
        /// Schedulers in RQ's registry that stopped sending heartbeats.
        package static let registry = Check(description: "registry")
        /// Keys of a wrong type.
        package static let keyType = Check(description: "key-type")
        /// Whether index and definitions agree.
        package static let index = Check(description: "index")
        /// Definitions that cannot be used.
        package static let definition = Check(description: "definition")
        /// Definitions whose time has passed.
        package static let overdue = Check(description: "overdue")
        /// Zones of definitions that are not known here, or that nobody has published.
        package static let timeZone = Check(description: "time-zone")
        /// Queues that no worker reads, and workers that do not take jobs.
        package static let worker = Check(description: "worker")
        /// Runs that failed or take too long, and whether anybody records them.
        package static let run = Check(description: "run")
        /// What could not be examined.
        package static let access = Check(description: "access")

        /// What is the same for all schedules on a server.
        static let ofServer: Set = [
            serverVersion, role, writes, command, memory, sentinel, cluster, replicas, evictionPolicy, persistence,
            clock, access,
        ]
    }

    /// What was examined.
    public let check: Check
    /// How much it matters.
    public let severity: Severity
    /// The definition, key, scheduler or queue that it is about, where it is about one.
    public let subject: String?
    /// What was found and what to do, in a sentence or two.
    public let message: String
    /// What ``RedisCronConnection/repair(_:lockTTL:)`` would do about it.
    let remedy: Remedy?

    /// Whether ``RedisCronConnection/repair(_:lockTTL:)`` can mend it without risk.
    public var isRepairable: Bool { remedy != nil }

    /// Whether it is about the server, whatever the key prefix.
    var isAboutServer: Bool { Check.ofServer.contains(check) }

    /// Makes a finding that cannot be repaired.
    package init(_ severity: Severity, _ check: Check, about subject: String? = nil, _ message: String) {
        self.init(severity, check, about: subject, message, remedy: nil)
    }

    init(_ severity: Severity, _ check: Check, about subject: String? = nil, _ message: String, remedy: Remedy?) {
        self.check = check
        self.severity = severity
        self.subject = subject
        self.message = message
        self.remedy = remedy
    }
}

extension Finding: CustomStringConvertible {
    /// `check subject: message`.
    public var description: String {
        let about = subject.map { " \(quoted($0))" } ?? ""
        return "\(check)\(about): \(message)"
    }
}

/// What mends a finding.
///
/// Each is one atomic step in Redis that checks again before it writes, so that no change made since the finding is undone.
enum Remedy: Sendable, Hashable {
    /// Settles an index entry: prunes it, takes it out, or moves it, as the definition then says.
    case reconcile(DueEntry, moveTo: Timestamp?)
    /// Enters an enabled definition that is missing from the index.
    case enterIndex(DefinitionID)
    /// Plans a definition anew whose last run was queued under a clock that was ahead.
    case planAnew(DefinitionID)
    /// Takes a scheduler out of RQ's registry unless it has sent a heartbeat since.
    case forgetScheduler(name: String, lastHeartbeat: [UInt8])
    /// Takes a definition off the list of those that are to be deleted, unless it is finished or the time was changed.
    case keepDefinition(DueEntry)
    /// Gives a lock an expiry, or an earlier one; a holder that lives extends it by its heartbeat.
    case expireLock(token: [UInt8])
}
