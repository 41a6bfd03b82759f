extension CronJobHash {
    /// The names of the fields, in the order in which rq-rediscron writes them, and `timezone`, which is our own,
    /// behind them.
    public enum Field: String, Sendable, Hashable, CaseIterable {
        /// The application's name for the definition.
        case id
        /// The dotted name of the function.
        case functionName = "func_name"
        /// The queue.
        case queueName = "queue_name"
        /// A JSON array.
        case args
        /// A JSON object.
        case kwargs
        /// Seconds, or empty.
        case interval
        /// A cron expression, or empty.
        case cron
        /// A time, or empty.
        case latestEnqueueTime = "latest_enqueue_time"
        /// A time, or empty.
        case nextEnqueueTime = "next_enqueue_time"
        /// A time.
        case createdAt = "created_at"
        /// A time.
        case updatedAt = "updated_at"
        /// 1 or 0.
        case enabled
        /// Seconds, or empty.
        case jobTimeout = "job_timeout"
        /// Seconds, or empty.
        case resultTTL = "result_ttl"
        /// Seconds, or empty.
        case ttl
        /// Seconds, or empty.
        case failureTTL = "failure_ttl"
        /// A JSON object.
        case meta
        /// The identifier of a time zone; absent where none is given.
        case timeZone = "timezone"

        /// The field of this name, `nil` for a field that is none of ours.
        public init?(_ name: UnsafeBufferPointer<UInt8>) {
            guard let packed = PackedName(name),
                let index = Self.packedNames.firstIndex(of: packed)
            else { return nil }
            self = Self.allCases[index]
        }

        private static let packedNames = allCases.map { field in
            var name = field.rawValue
            return name.withUTF8 { PackedName($0) }
        }
    }
}

/// A name of up to 24 bytes in three words, so that reading a hash compares words instead of arrays.
private struct PackedName: Equatable {
    private var words = (UInt64(0), UInt64(0), UInt64(0))
    private let count: Int

    init?(_ name: UnsafeBufferPointer<UInt8>) {
        guard name.count <= 24 else { return nil }
        count = name.count
        withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: name) }
    }

    static func == (left: PackedName, right: PackedName) -> Bool {
        left.count == right.count && left.words == right.words
    }
}
