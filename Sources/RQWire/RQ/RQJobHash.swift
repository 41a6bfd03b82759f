/// The hash of one job that waits in its queue, as RQ's `Queue.enqueue` writes it.
public enum RQJobHash {
    /// The fields that hold nothing yet: present and empty, as RQ writes them.
    public static let emptyFields = [
        "success_callback_name", "failure_callback_name", "stopped_callback_name", "started_at", "ended_at",
        "last_heartbeat", "worker_name", "group_id",
    ]

    /// The status of a job that waits in its queue.
    public static let status = "queued"

    /// All fields of a job in the order in which RQ writes them.
    ///
    /// Besides the hash, RQ adds the queue's key to the set of queues, pushes the job's id onto the queue and, when
    /// there is a `ttl`, lets the hash expire after it.
    ///
    /// - Parameters:
    ///   - payload: What the definition says.
    ///   - createdAt: When the job was made.
    ///   - enqueuedAt: When it was put into its queue.
    public static func fields(
        payload: JobPayload, createdAt: Timestamp, enqueuedAt: Timestamp
    ) -> [(field: String, value: [UInt8])] {
        func text(_ instant: Timestamp) -> [UInt8] {
            var bytes: [UInt8] = []
            instant.appendWireFormat(to: &bytes)
            return bytes
        }
        var fields = sharedFields(
            queue: Array(payload.origin), timeout: payload.timeout, resultTTL: payload.resultTTL,
            failureTTL: payload.failureTTL, ttl: payload.ttl, meta: payload.meta.map(Array.init))
        // Behind `origin`, and then behind `status`.
        fields.insert(
            contentsOf: [("description", Array(payload.description)), ("enqueued_at", text(enqueuedAt))],
            at: emptyFields.count + 2)
        fields.insert(contentsOf: [("created_at", text(createdAt)), ("data", Array(payload.data))], at: 1)
        return fields
    }

    /// The fields that all jobs with the same queue, time-outs and meta data share; the others are `created_at`,
    /// `enqueued_at`, `data` and `description`.
    ///
    /// - Parameters:
    ///   - queue: The queue's name.
    ///   - timeout: Seconds, negative for none.
    ///   - resultTTL: Seconds, negative for ever.
    ///   - failureTTL: Seconds; written when there is one, as the two that follow.
    ///   - ttl: Seconds.
    ///   - meta: Serialized for the worker.
    public static func sharedFields(
        queue: [UInt8], timeout: Int, resultTTL: Int, failureTTL: Int?, ttl: Int?, meta: [UInt8]?
    ) -> [(field: String, value: [UInt8])] {
        var fields: [(field: String, value: [UInt8])] = [
            ("status", Array(status.utf8))
        ]
        fields.append(contentsOf: emptyFields.map { ($0, []) })
        fields.append(("origin", queue))
        fields.append(("timeout", DecimalText.bytes(timeout)))
        fields.append(("result_ttl", DecimalText.bytes(resultTTL)))
        if let failureTTL { fields.append(("failure_ttl", DecimalText.bytes(failureTTL))) }
        if let meta { fields.append(("meta", meta)) }
        if let ttl { fields.append(("ttl", DecimalText.bytes(ttl))) }
        return fields
    }
}
