/// What the jobs of a definition share with those of many others: queue, time-outs, meta data.
package struct JobSettings: Hashable, Sendable {
    /// The queue's name.
    package let queue: [UInt8]
    /// `timeout` in seconds, negative for none.
    package let timeout: Int
    /// `result_ttl` in seconds, negative for ever, 0 for no result.
    package let resultTTL: Int
    /// `failure_ttl` in seconds.
    package let failureTTL: Int?
    /// Seconds after which a job that still waits is dropped.
    package let ttl: Int?
    /// `meta`, serialized for the worker; `nil` when empty.
    package let meta: [UInt8]?

    /// The settings in a payload.
    package init(_ payload: JobPayload) {
        queue = Array(payload.origin)
        timeout = payload.timeout
        resultTTL = payload.resultTTL
        failureTTL = payload.failureTTL
        ttl = payload.ttl
        meta = payload.meta.map(Array.init)
    }
}
