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

/// Settings in the form in which they are sent, made once for all definitions that have them.
final class JobTemplate: Sendable {
    let settings: JobSettings
    /// The fields that they come to in a job's hash, for a dump of it; `nil` when they are too long for one.
    let dumpedFields: HashDump.Fields?

    init(_ settings: JobSettings) {
        self.settings = settings
        dumpedFields = HashDump.Fields(settings.fields)
    }

    /// The same fields as arguments, names and values in turns: for the few jobs that are sent field by field.
    var arguments: ArgumentBuffer {
        var arguments = ArgumentBuffer(reserving: 512)
        for (field, value) in settings.fields {
            arguments.append(field)
            arguments.append(value)
        }
        return arguments
    }
}

extension JobSettings {
    fileprivate var fields: [(field: String, value: [UInt8])] {
        RQJobHash.sharedFields(
            queue: queue, timeout: timeout, resultTTL: resultTTL, failureTTL: failureTTL, ttl: ttl, meta: meta)
    }
}
