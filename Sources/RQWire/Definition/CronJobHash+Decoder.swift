extension CronJobHash {
    /// Reads a hash from its fields, as `HGETALL` gives them.
    ///
    /// - Throws: ``RQWireError`` as ``Decoder`` does.
    public init(fields: [(field: [UInt8], value: [UInt8])]) throws(RQWireError) {
        var decoder = Decoder()
        for (field, value) in fields {
            _ = try field.withUnsafeBufferPointer { field in
                value.withUnsafeBufferPointer { value in
                    Result { () throws(RQWireError) in try decoder.take(field: field, value: value) }
                }
            }.get()
        }
        self = try decoder.finish()
    }

    /// Takes the fields of a hash one by one, in whatever order, as they stand in a reply of Redis.
    ///
    /// It reads what rq-rediscron's `restore` reads. An empty field counts as an absent one, as there. A field of
    /// another name is left alone. An `interval` of 0 counts as absent where there is a `cron`. `id`, `func_name`,
    /// `queue_name` and `enabled` must be present; numbers may be written in the ways of Python's `int()`, within ASCII
    /// and 64 bits.
    public struct Decoder: Sendable {
        private var id: String?
        private var functionName: String?
        private var queueName: String?
        private var enabled: Bool?
        private var hash = CronJobHash(id: "", functionName: "", queueName: "")

        /// A decoder that has seen no field.
        public init() {}

        /// Takes one field.
        ///
        /// - Returns: Which one it was; `nil` for a field that is none of ours.
        /// - Throws: ``RQWireError`` with code `.field`, the name of the field and its text, when it does not hold what
        ///   it should.
        @discardableResult
        public mutating func take(
            field name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>
        ) throws(RQWireError) -> Field? {
            guard let field = Field(name) else { return nil }
            let value = FieldValue(field: field, bytes: value)
            switch field {
            case .id: id = try value.text(expected: "an id", allowsEmpty: false)
            case .functionName: functionName = try value.functionName()
            case .queueName: queueName = try value.text(expected: "the name of a queue")
            case .args: hash.args = try value.jsonArray()
            case .kwargs: hash.kwargs = try value.jsonObject()
            case .interval: hash.interval = try value.integer()
            case .cron: hash.cron = try value.optionalText(expected: "a cron expression")
            case .latestEnqueueTime: hash.latestEnqueueTime = try value.time()
            case .nextEnqueueTime: hash.nextEnqueueTime = try value.time()
            case .createdAt: hash.createdAt = try value.time()
            case .updatedAt: hash.updatedAt = try value.time()
            case .enabled: enabled = try value.flag()
            case .jobTimeout: hash.jobTimeout = try value.integer()
            case .resultTTL: hash.resultTTL = try value.integer()
            case .ttl: hash.ttl = try value.integer()
            case .failureTTL: hash.failureTTL = try value.integer()
            case .meta: hash.meta = try value.jsonObject()
            case .timeZone: hash.timeZone = try value.optionalText(expected: "the identifier of a time zone")
            }
            return field
        }

        /// The hash of all fields that were taken.
        ///
        /// - Throws: ``RQWireError`` with code `.missingField` when one is missing that must be present.
        public consuming func finish() throws(RQWireError) -> CronJobHash {
            guard let id else { throw .missing(field: Field.id.rawValue, expected: "an id") }
            guard let functionName else {
                throw .missing(field: Field.functionName.rawValue, expected: "a function's dotted name")
            }
            guard let queueName else {
                throw .missing(field: Field.queueName.rawValue, expected: "the name of a queue")
            }
            guard let enabled else { throw .missing(field: Field.enabled.rawValue, expected: "1 or 0") }
            hash.id = id
            hash.functionName = functionName
            hash.queueName = queueName
            hash.enabled = enabled
            // RQ takes an interval of 0 beside an expression for none, and rq-rediscron writes it down.
            if hash.interval == 0, hash.cron?.isEmpty == false { hash.interval = nil }
            return hash
        }
    }
}
