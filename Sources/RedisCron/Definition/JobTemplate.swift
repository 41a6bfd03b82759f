import RQWire

/// What the jobs of a definition share with those of many others: queue, time-outs, meta data.
struct JobSettings: Hashable, Sendable {
    /// The queue's name.
    let queue: [UInt8]
    /// `timeout` in seconds, -1 for none.
    let timeout: Int
    /// `result_ttl` in seconds, -1 for ever, 0 for no result.
    let resultTTL: Int
    /// `failure_ttl` in seconds.
    let failureTTL: Int?
    /// Seconds after which a job that still waits is dropped.
    let ttl: Int?
    /// `meta`, serialized for the worker; `nil` when empty.
    let meta: [UInt8]?

    init(_ payload: JobPayload) {
        queue = Array(payload.origin)
        timeout = payload.timeout
        resultTTL = payload.resultTTL
        failureTTL = payload.failureTTL
        ttl = payload.ttl
        meta = payload.meta.map(Array.init)
    }
}

/// Settings in the forms in which they are sent, made once for all definitions that have them.
final class JobTemplate: Sendable {
    let settings: JobSettings
    /// The fields that they come to in a job's hash, as arguments: names and values in turns.
    let fields: ArgumentBuffer
    /// The same for a dump of that hash; `nil` when they are too long for one.
    let dumpedFields: HashDump.Fields?

    init(_ settings: JobSettings) {
        self.settings = settings
        let shared = RQJobHash.sharedFields(
            queue: settings.queue, timeout: settings.timeout, resultTTL: settings.resultTTL,
            failureTTL: settings.failureTTL, ttl: settings.ttl, meta: settings.meta)
        var fields = ArgumentBuffer(reserving: 512)
        for (field, value) in shared {
            fields.append(field)
            fields.append(value)
        }
        self.fields = fields
        dumpedFields = HashDump.Fields(shared)
    }
}
