import RQWire

/// What mends a finding.
///
/// Each is one atomic step in Redis that looks again before it writes, so that a change made since the finding is never
/// undone.
enum Remedy: Sendable, Hashable {
    /// Settles an index entry: prunes it, takes it out, or moves it, as the definition then says.
    case reconcile(DueEntry, moveTo: Timestamp?)
    /// Enters an enabled definition that is missing from the index.
    case enterIndex(DefinitionID)
    /// Plans a definition anew whose last run was queued under a clock that was ahead.
    case planAnew(DefinitionID)
    /// Takes a scheduler out of RQ's registry unless it has beaten since.
    case forgetScheduler(name: String, lastHeartbeat: [UInt8])
    /// Gives a lock without expiry one, or a nearer one; its holder, if it lives, extends it by its heartbeat.
    case expireLock(token: [UInt8])
}
