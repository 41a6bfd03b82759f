/// A definition as its hash in Redis holds it, field by field, as rq-rediscron reads and writes it.
///
/// It holds what the hash says and nothing more: whether an interval and a cron expression exclude each other, or a
/// time-out makes sense, is for the scheduler to say. ``Field`` is the table of its fields.
@dynamicMemberLookup
package struct CronJobHash: Sendable, Hashable {
    /// The application's name for the definition.
    package var id: String
    /// What each run calls.
    package var call: CallSpec
    /// When it runs.
    package var schedule: ScheduleSpec
    /// What becomes of its planned times.
    package var policy: RunPolicy
    /// What ticks, triggers and pauses noted.
    package var state = RunState()
    /// Whether it runs at all.
    package var enabled: Bool
    /// When the last run was queued.
    package var latestEnqueueTime: Timestamp?
    /// The planned time of the next run.
    package var nextEnqueueTime: Timestamp?
    /// When the definition was first written.
    package var createdAt: Timestamp?
    /// When the definition was last edited.
    package var updatedAt: Timestamp?

    /// Makes a hash from the values of its fields.
    package init(
        id: String, _ call: CallSpec, _ schedule: ScheduleSpec = ScheduleSpec(), _ policy: RunPolicy = RunPolicy(),
        enabled: Bool = true, latestEnqueueTime: Timestamp? = nil, nextEnqueueTime: Timestamp? = nil,
        createdAt: Timestamp? = nil, updatedAt: Timestamp? = nil
    ) {
        self.id = id
        self.call = call
        self.schedule = schedule
        self.policy = policy
        self.enabled = enabled
        self.latestEnqueueTime = latestEnqueueTime
        self.nextEnqueueTime = nextEnqueueTime
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }

    /// A field of the call.
    package subscript<Value>(dynamicMember field: WritableKeyPath<CallSpec, Value>) -> Value {
        get { call[keyPath: field] }
        set { call[keyPath: field] = newValue }
    }

    /// A field of the schedule.
    package subscript<Value>(dynamicMember field: WritableKeyPath<ScheduleSpec, Value>) -> Value {
        get { schedule[keyPath: field] }
        set { schedule[keyPath: field] = newValue }
    }

    /// A field of the policy.
    package subscript<Value>(dynamicMember field: WritableKeyPath<RunPolicy, Value>) -> Value {
        get { policy[keyPath: field] }
        set { policy[keyPath: field] = newValue }
    }
}

extension CronJobHash {
    /// All fields in the order and with the very bytes that rq-rediscron's `to_dict` and `HSET` give.
    ///
    /// Our own fields follow, each only where it says something.
    package func encode() -> [(field: Field, value: [UInt8])] {
        var fields: [(field: Field, value: [UInt8])] = []
        fields.reserveCapacity(Field.wireOrder.count)
        // By a pointer, so that the hash is not copied for each field.
        withUnsafePointer(to: self) { hash in
            for field in Field.wireOrder {
                let value = field.bytes(of: hash)
                if !field.isOurs || !value.isEmpty { fields.append((field, value)) }
            }
        }
        return fields
    }

    /// The same fields in the order in which we write a new definition: first those that each run reads or changes, since
    /// Redis searches a short hash from the front.
    package static func inWritingOrder(
        _ fields: [(field: Field, value: [UInt8])]
    ) -> [(field: Field, value: [UInt8])] {
        func isHot(_ field: Field) -> Bool {
            field === Field.updatedAt || field === Field.nextEnqueueTime || field === Field.latestEnqueueTime
        }
        var ordered: [(field: Field, value: [UInt8])] = []
        ordered.reserveCapacity(fields.count)
        for entry in fields where isHot(entry.field) { ordered.append(entry) }
        for entry in fields where !isHot(entry.field) { ordered.append(entry) }
        return ordered
    }

    /// Reads a hash from its fields, as `HGETALL` gives them.
    ///
    /// - Throws: ``RQWireError`` as ``Decoder`` does.
    package init(fields: [(field: [UInt8], value: [UInt8])]) throws(RQWireError) {
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

    /// Takes the fields of a hash one by one, in whatever order, where they lie in a reply of Redis.
    ///
    /// It reads what rq-rediscron's `restore` reads. An empty field counts as an absent one, as there. A field of
    /// another name is left alone. An `interval` of 0 counts as absent where there is a `cron`. `id`, `func_name`,
    /// `queue_name` and `enabled` must be present; numbers may be written in the ways of Python's `int()`, within ASCII
    /// and 64 bits.
    ///
    /// It cannot be copied: a copy of the hash for each definition would be a dozen references.
    package struct Decoder: ~Copyable, Sendable {
        private var hash = CronJobHash(id: "", CallSpec("", queue: "", resultTTL: nil))
        /// The table, so that it is not asked for again for each field.
        private let fields = Field.all
        /// The fields that were taken, a bit for each place in the table.
        private var taken: UInt64 = 0

        /// A decoder that has seen no field.
        package init() {}

        /// Takes one field.
        ///
        /// - Returns: Which one it was; `nil` for a field that is none of ours.
        /// - Throws: ``RQWireError`` with code `.field`, the name of the field and its text, when it does not hold what
        ///   it should.
        @discardableResult
        package mutating func take(
            field name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>
        ) throws(RQWireError) -> Field? {
            guard let place = Field.place(of: name) else { return nil }
            let field = fields[place]
            taken |= 1 << UInt64(place)
            // An empty field says what an absent one says; RQ writes half a dozen of them.
            if value.isEmpty, field.expectedAlways == nil { return field }
            try field.take(FieldText(field: field.name, bytes: value), into: &hash)
            return field
        }

        /// The hash of all fields that were taken.
        ///
        /// - Throws: ``RQWireError`` with code `.missingField` when one is missing that must be present.
        package consuming func finish() throws(RQWireError) -> CronJobHash {
            for (place, field) in Field.required where taken & (1 << UInt64(place)) == 0 {
                throw .missing(field: field.name, expected: field.expectedAlways ?? "")
            }
            // RQ takes an interval of 0 beside an expression for none, and rq-rediscron writes it down.
            if hash.schedule.interval == .zero, hash.schedule.cron?.isEmpty == false { hash.schedule.interval = nil }
            return hash
        }
    }
}
