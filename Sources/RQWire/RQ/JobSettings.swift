/// What the jobs of a definition share with those of many others: queue, time-outs, meta data.
public struct JobSettings: Hashable, Sendable {
    /// The queue's name.
    public let queue: [UInt8]
    /// `timeout` in seconds, negative for none.
    public let timeout: Int
    /// `result_ttl` in seconds, negative for ever, 0 for no result.
    public let resultTTL: Int
    /// `failure_ttl` in seconds.
    public let failureTTL: Int?
    /// Seconds after which a job that still waits is dropped.
    public let ttl: Int?
    /// `meta`, serialized for the worker; `nil` when empty.
    public let meta: [UInt8]?

    /// The settings in a payload.
    public init(_ payload: JobPayload) {
        queue = Array(payload.origin)
        timeout = payload.timeout
        resultTTL = payload.resultTTL
        failureTTL = payload.failureTTL
        ttl = payload.ttl
        meta = payload.meta.map(Array.init)
    }
}
