/// The hash of one job that waits in its queue, as RQ's `Queue.enqueue` writes it.
package enum RQJobHash {
    /// The callbacks; empty where there are none.
    private static let callbackNames = ["success_callback_name", "failure_callback_name", "stopped_callback_name"]

    /// The fields that are still empty; RQ writes them too.
    ///
    /// The first three are set where there are callbacks.
    package static let emptyFields =
        callbackNames + ["started_at", "ended_at", "last_heartbeat", "worker_name", "group_id"]

    /// The status of a job that waits in its queue.
    package static let status = "queued"

    /// All fields of a job in the order in which RQ writes them.
    ///
    /// Besides the hash, RQ adds the queue's key to the set of queues, pushes the job's id onto the queue and, when
    /// there is a `ttl`, lets the hash expire after it.
    ///
    /// - Parameters:
    ///   - payload: What the definition contributes.
    ///   - createdAt: When the job was made.
    ///   - enqueuedAt: When it was put into its queue.
    package static func fields(
        payload: JobPayload, createdAt: Timestamp, enqueuedAt: Timestamp
    ) -> [(field: String, value: [UInt8])] {
        func text(_ instant: Timestamp) -> [UInt8] {
            var bytes: [UInt8] = []
            instant.appendWireFormat(to: &bytes)
            return bytes
        }
        var fields = fields(of: JobSettings(payload))
        // After `origin`, and then after `status`.
        let origin = emptyFields.count + 1 + (payload.options?.retryFields.count ?? 0)
        fields.insert(
            contentsOf: [("description", Array(payload.description)), ("enqueued_at", text(enqueuedAt))],
            at: origin + 1)
        fields.insert(contentsOf: [("created_at", text(createdAt)), ("data", Array(payload.data))], at: 1)
        return fields
    }

    /// The fields that all jobs with the same settings share.
    ///
    /// The others are `created_at`, `enqueued_at`, `data` and `description`.
    package static func fields(of settings: JobSettings) -> [(field: String, value: [UInt8])] {
        var fields: [(field: String, value: [UInt8])] = [("status", Array(status.utf8))]
        fields.append(contentsOf: emptyFields.map { ($0, []) })
        if let options = settings.options {
            for (place, name) in options.callbackNames.enumerated() { fields[1 + place].value = Array(name.utf8) }
            fields.append(contentsOf: options.retryFields)
        }
        fields.append(("origin", settings.queue))
        fields.append(("timeout", DecimalText.bytes(settings.timeout)))
        if let options = settings.options { fields.append(contentsOf: options.callbackFields) }
        fields.append(("result_ttl", DecimalText.bytes(settings.resultTTL)))
        if let failureTTL = settings.failureTTL { fields.append(("failure_ttl", DecimalText.bytes(failureTTL))) }
        if let meta = settings.meta { fields.append(("meta", meta)) }
        if let ttl = settings.ttl { fields.append(("ttl", DecimalText.bytes(ttl))) }
        return fields
    }
}
