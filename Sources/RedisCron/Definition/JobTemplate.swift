/// What the jobs of a definition share with those of many others: queue, time-outs, meta data.
///
/// A batch sends each template once, however many jobs it has.
final class JobTemplate: Sendable {
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

    init(queue: [UInt8], timeout: Int, resultTTL: Int, failureTTL: Int?, ttl: Int?, meta: [UInt8]?) {
        self.queue = queue
        self.timeout = timeout
        self.resultTTL = resultTTL
        self.failureTTL = failureTTL
        self.ttl = ttl
        self.meta = meta
    }
}

extension JobTemplate: Hashable {
    static func == (left: JobTemplate, right: JobTemplate) -> Bool {
        left === right
            || (left.queue == right.queue && left.timeout == right.timeout && left.resultTTL == right.resultTTL
                && left.failureTTL == right.failureTTL && left.ttl == right.ttl && left.meta == right.meta)
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(queue)
        hasher.combine(timeout)
        hasher.combine(resultTTL)
        hasher.combine(failureTTL)
        hasher.combine(ttl)
        hasher.combine(meta)
    }
}
