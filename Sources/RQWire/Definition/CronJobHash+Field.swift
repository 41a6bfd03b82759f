extension CronJobHash {
    /// One field of a definition: an entry of the table from which everything else reads how the field is called and
    /// what it holds — hash, files, command line, listings, the plan of `apply`.
    ///
    /// To add a field: give ``CallSpec`` or ``ScheduleSpec`` a property, and the table an entry. What the field does is
    /// the only other place that has to know it.
    ///
    /// A class, since reading a hash hands on one for each of its fields: a copy of the entry would be a dozen references.
    package final class Field: Sendable {
        /// Who says what the field holds.
        package enum Role: Sendable, Hashable {
            /// It names the definition.
            case identity
            /// An editor: it is a key of files.
            case spec
            /// Ticks and editors: no file says it.
            case state
        }

        /// An option of `register`.
        package struct Option: Sendable, Hashable {
            /// The name without dashes.
            package let name: String
            /// What usage lines call its value; `nil` for a flag.
            package let placeholder: String?
            /// What it does, in a sentence with unit and default.
            package let summary: String
            /// Whether it may be given several times, each adding to what was said before.
            package let isRepeatable: Bool
            /// The values that it takes, where they are a few words.
            package let words: [String]

            static func option(
                _ name: String, _ placeholder: String, _ summary: String, isRepeatable: Bool = false,
                words: [String] = []
            ) -> Option {
                Option(
                    name: name, placeholder: placeholder, summary: summary, isRepeatable: isRepeatable, words: words)
            }

            static func flag(_ name: String, _ summary: String) -> Option {
                Option(name: name, placeholder: nil, summary: summary, isRepeatable: false, words: [])
            }
        }

        /// An option that says more about the value of the field's first option, which must be given too.
        struct FurtherOption<Value: Sendable>: Sendable {
            let option: Option
            /// Adds what the option says; complains where the first one was not given.
            let take: @Sendable (String, inout Value) throws(FieldComplaint) -> Void
        }

        /// The name in the hash.
        package let name: String
        /// ``name`` as the hash has it.
        package let nameBytes: [UInt8]
        /// Who says what it holds.
        package let role: Role
        /// Whether rq-rediscron does not know it: it is written only where it says something.
        package let isOurs: Bool
        /// The keys in a file, the preferred one first; none for what no file says.
        package let keys: [String]
        /// ``keys`` as an object of JSON has them.
        package let jsonKeys: [JSONString]
        /// The options of `register`, the one that gives the value first.
        package let options: [Option]
        /// The name in `show`; `nil` for what `show` tells in other words.
        package let title: String?
        /// What is expected of a field that must always be present; `nil` where it may be absent.
        let expectedAlways: String?
        /// What an absent value means, where that is the same as saying nothing.
        let absentMeans: [UInt8]
        /// Whether the value may hold a password or token, so that no message shows it.
        package let isSecret: Bool
        /// Whether `show` says nothing of the field where it is empty.
        package let isHiddenWhenEmpty: Bool

        // What is called for each field of each definition takes pointers, so that no hash is copied for it.
        private let decode: @Sendable (FieldText, UnsafeMutablePointer<CronJobHash>) throws(RQWireError) -> Void
        private let encode: @Sendable (UnsafePointer<CronJobHash>, inout [UInt8]) -> Void
        private let copy: @Sendable (CronJobHash, inout CronJobHash) -> Void
        private let isSame: @Sendable (UnsafePointer<CronJobHash>, UnsafePointer<CronJobHash>) -> Bool
        private let toJSON: @Sendable (UnsafePointer<CronJobHash>) -> JSONValue
        private let fromJSON: @Sendable (JSONValue, UnsafeMutablePointer<CronJobHash>) throws(FieldComplaint) -> Void
        private let fromOption: @Sendable (Option, [String], inout CronJobHash) throws(FieldComplaint) -> Void
        private let describe: @Sendable (CronJobHash) -> String
        private let complain: (@Sendable (UnsafePointer<CronJobHash>) -> String?)?

        /// Describes a field.
        ///
        /// - Parameters:
        ///   - path: The property that holds it.
        ///   - computed: Reads a property that is computed, for which a path is slow.
        ///   - type: How its value is read and written.
        ///   - further: Options besides that add to the value.
        ///   - describe: The value as `show` tells it; its JSON unless given.
        init<Value>(
            _ name: String, _ path: any WritableKeyPath<CronJobHash, Value> & Sendable,
            computed: (@Sendable (CallSpec) -> Value)? = nil, _ type: FieldType<Value>,
            role: Role = .spec, isOurs: Bool = false, keys: [String]? = nil, option: Option? = nil,
            further: [FurtherOption<Value>] = [], title: String? = nil, expectedAlways: String? = nil,
            absentMeans: String = "", isSecret: Bool = false, isHiddenWhenEmpty: Bool = false,
            describe: (@Sendable (Value) -> String)? = nil
        ) {
            self.name = name
            nameBytes = Array(name.utf8)
            self.role = role
            self.isOurs = isOurs
            self.keys = keys ?? (role == .state ? [] : [name])
            jsonKeys = self.keys.map { JSONString($0) }
            options = (option.map { [$0] } ?? []) + further.map(\.option)
            self.title = title
            self.expectedAlways = expectedAlways
            self.absentMeans = Array(absentMeans.utf8)
            self.isSecret = isSecret
            self.isHiddenWhenEmpty = isHiddenWhenEmpty
            let write = Self.writer(of: path)
            decode = { text, hash throws(RQWireError) in write(try type.decode(text), hash) }
            let read: @Sendable (UnsafePointer<CronJobHash>) -> Value =
                if let computed { { computed($0.pointee.call) } } else { Self.reader(of: path) }
            encode = { hash, bytes in type.encode(read(hash), &bytes) }
            copy = { source, target in target[keyPath: path] = source[keyPath: path] }
            isSame = { read($0) == read($1) }
            toJSON = { type.json(read($0)) }
            fromJSON = { json, hash throws(FieldComplaint) in write(try type.fromJSON(json), hash) }
            fromOption = { option, texts, hash throws(FieldComplaint) in
                if let further = further.first(where: { $0.option == option }) {
                    for text in texts { try further.take(text, &hash[keyPath: path]) }
                    return
                }
                var value: Value?
                for text in texts {
                    let next = try type.fromOption(text)
                    value = value.flatMap { value in type.joining.map { $0(value, next) } } ?? next
                }
                if let value { hash[keyPath: path] = value }
            }
            complain =
                if let complaint = type.complaint { { complaint(read($0)) } } else { nil }
            self.describe = { hash in
                describe.map { $0(hash[keyPath: path]) } ?? type.json(hash[keyPath: path]).description
            }
        }

        /// Reads the property of a path, where it lies in the hash: to follow the path itself costs several times as much.
        private static func reader<Value>(
            of path: any WritableKeyPath<CronJobHash, Value> & Sendable
        ) -> @Sendable (UnsafePointer<CronJobHash>) -> Value {
            guard let offset = MemoryLayout<CronJobHash>.offset(of: path) else { return { $0.pointee[keyPath: path] } }
            return { hash in
                (UnsafeRawPointer(hash) + offset).assumingMemoryBound(to: Value.self).pointee
            }
        }

        /// Sets the property of a path, as ``reader(of:)`` reads it.
        private static func writer<Value>(
            of path: any WritableKeyPath<CronJobHash, Value> & Sendable
        ) -> @Sendable (Value, UnsafeMutablePointer<CronJobHash>) -> Void {
            guard let offset = MemoryLayout<CronJobHash>.offset(of: path) else {
                return { value, hash in hash.pointee[keyPath: path] = value }
            }
            return { value, hash in
                (UnsafeMutableRawPointer(hash) + offset).assumingMemoryBound(to: Value.self).pointee = value
            }
        }
    }
}

extension CronJobHash.Field {
    /// Reads the bytes that a hash holds.
    func take(_ text: FieldText, into hash: inout CronJobHash) throws(RQWireError) {
        try withUnsafeMutablePointer(to: &hash) { hash throws(RQWireError) in try decode(text, hash) }
    }

    /// Appends the bytes that a hash holds; nothing where the field is empty.
    package func append(of hash: CronJobHash, to bytes: inout [UInt8]) {
        withUnsafePointer(to: hash) { encode($0, &bytes) }
    }

    /// The bytes that a hash holds.
    package func bytes(of hash: CronJobHash) -> [UInt8] {
        withUnsafePointer(to: hash) { bytes(of: $0) }
    }

    /// As ``bytes(of:)-(CronJobHash)``, where it lies.
    func bytes(of hash: UnsafePointer<CronJobHash>) -> [UInt8] {
        var bytes: [UInt8] = []
        encode(hash, &bytes)
        return bytes
    }

    /// The bytes that say the same where the field is absent: RQ's default, where there is one.
    package func meaning(in hash: CronJobHash) -> [UInt8] {
        let bytes = bytes(of: hash)
        return bytes.isEmpty ? absentMeans : bytes
    }

    /// Takes the value from one definition to another.
    package func copy(from source: CronJobHash, to target: inout CronJobHash) {
        copy(source, &target)
    }

    /// Whether two definitions hold the same value.
    package func isSame(in one: CronJobHash, _ other: CronJobHash) -> Bool {
        withUnsafePointer(to: one) { one in withUnsafePointer(to: other) { isSame(one, $0) } }
    }

    /// The value in JSON; `null` where the field is empty.
    package func json(of hash: CronJobHash) -> JSONValue {
        withUnsafePointer(to: hash) { toJSON($0) }
    }

    /// Hands on the fields of a file that hold something else than those of another definition, with their values in JSON.
    package static func forEachDeclared(
        of hash: CronJobHash, unlike other: CronJobHash, _ take: (CronJobHash.Field, JSONValue) -> Void
    ) {
        // By pointers, so that neither is copied for each field.
        withUnsafePointer(to: hash) { hash in
            withUnsafePointer(to: other) { other in
                for field in declared where !field.isSame(hash, other) { take(field, field.toJSON(hash)) }
            }
        }
    }

    /// Reads the value of a key of a file.
    ///
    /// - Throws: ``FieldComplaint`` with what the value must be.
    package func take(json value: JSONValue, into hash: inout CronJobHash) throws(FieldComplaint) {
        try withUnsafeMutablePointer(to: &hash) { hash throws(FieldComplaint) in try fromJSON(value, hash) }
    }

    /// Reads the values of one of the field's options, in the order in which they were given.
    ///
    /// Of an option that may not be repeated the last one counts. A flag has no value.
    ///
    /// - Throws: ``FieldComplaint``, whose message follows the option's name.
    package func take(
        _ option: Option, _ texts: [String], into hash: inout CronJobHash
    ) throws(FieldComplaint) {
        try fromOption(option, option.placeholder == nil ? ["true"] : texts, &hash)
    }

    /// The value as a message may show it: the bytes of the hash, without secrets.
    package func display(of hash: CronJobHash) -> String {
        let bytes = bytes(of: hash)
        return isSecret && !bytes.isEmpty ? describe(hash) : String(decoding: bytes, as: UTF8.self)
    }

    /// The first field with a value that RQ or Redis cannot take, and what is wrong, as words behind the field's name.
    package static func firstComplaint(about hash: CronJobHash) -> (field: CronJobHash.Field, complaint: String)? {
        // By a pointer, so that the hash is not copied for each field.
        withUnsafePointer(to: hash) { hash in
            for field in bounded {
                if let complaint = field.complain?(hash) { return (field, complaint) }
            }
            if hash.pointee.call.options != nil {
                for field in jobOptions {
                    if let complaint = field.complain?(hash) { return (field, complaint) }
                }
            }
            if hash.pointee.schedule.jitter != nil || hash.pointee.policy != RunPolicy() {
                for field in limits {
                    if let complaint = field.complain?(hash) { return (field, complaint) }
                }
            }
            return nil
        }
    }

    /// Whether not every value that can be read will do.
    var isBounded: Bool { complain != nil }

    /// The value as `show` tells it.
    package func description(in hash: CronJobHash) -> String {
        describe(hash)
    }
}

extension CronJobHash.Field: Hashable {
    /// Whether it is the same field.
    package static func == (left: CronJobHash.Field, right: CronJobHash.Field) -> Bool { left === right }

    /// Feeds the entry's identity.
    package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
