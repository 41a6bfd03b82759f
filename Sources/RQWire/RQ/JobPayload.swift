/// What of a job's hash depends on its definition alone, made once when the definition is loaded.
///
/// Its bytes are held in one piece, so that a cached definition costs one allocation here.
package struct JobPayload: Sendable, Hashable {
    /// Seconds that RQ gives a job which has no time-out of its own.
    package static let defaultTimeout = 180
    /// Seconds that rq-rediscron has a result kept for which nothing else is said.
    package static let defaultResultTTL = 500

    private let storage: [UInt8]
    private let descriptionStart: UInt32
    private let originStart: UInt32
    private let metaStart: UInt32

    /// Seconds that the job may run; negative (-1 by custom) is without limit.
    package let timeout: Int
    /// Seconds that the result of a success is kept; 0 not at all, negative without expiry.
    package let resultTTL: Int
    /// Seconds that a failed job is kept; `nil` leaves it to the worker.
    package let failureTTL: Int?
    /// Seconds that the job may wait in the queue before Redis drops it; `nil` is without limit.
    package let ttl: Int?
    /// Retries, callbacks and what else few jobs have; `nil` for none of it.
    let options: JobOptions?

    /// Makes the payload of a definition.
    ///
    /// The values are taken as they are: whether a time-out of 0 or an empty queue is sensible is for the definition to
    /// say. An empty `meta` is not written, as in RQ.
    ///
    /// - Parameters:
    ///   - call: What to call, where, and with which options.
    ///   - serializer: That of the workers.
    ///   - deflater: Compresses the call; share one between many payloads.
    package init(_ call: CallSpec, serializer: JobSerializer = .pickle, deflater: Deflater = Deflater()) {
        let (function, args, kwargs) = (call.functionName, call.args, call.kwargs)
        let serialized = serializer.serializeCall(function: function, args: args, kwargs: kwargs)
        var storage = deflater.compress(serialized)
        storage.reserveCapacity(
            storage.count + function.utf8.count + call.queueName.utf8.count + serialized.count)
        descriptionStart = UInt32(clamping: storage.count)
        if let description = call.jobDescription, !description.isEmpty {
            storage.append(contentsOf: description.utf8)
        } else {
            CallDescription.append(function: function, args: args, kwargs: kwargs, to: &storage)
        }
        originStart = UInt32(clamping: storage.count)
        storage.append(contentsOf: call.queueName.utf8)
        metaStart = UInt32(clamping: storage.count)
        if !call.meta.isEmpty { storage.append(contentsOf: serializer.serialize(.object(call.meta))) }
        // Copied to leave the spare room behind: a payload may stay in a cache for long.
        self.storage = Array(storage[...])
        timeout = call.jobTimeout?.wholeSeconds ?? Self.defaultTimeout
        resultTTL = call.resultTTL?.wholeSeconds ?? Self.defaultResultTTL
        failureTTL = call.failureTTL?.wholeSeconds
        ttl = call.ttl?.wholeSeconds
        options = call.options
    }

    /// The call, serialized and compressed: the field `data`.
    package var data: ArraySlice<UInt8> { storage[..<Int(descriptionStart)] }

    /// The definition's own description, or the call as Python would print it: the field `description`.
    package var description: ArraySlice<UInt8> { storage[Int(descriptionStart)..<Int(originStart)] }

    /// The name of the queue: the field `origin`.
    package var origin: ArraySlice<UInt8> { storage[Int(originStart)..<Int(metaStart)] }

    /// The serialized `meta`, `nil` where it is empty.
    package var meta: ArraySlice<UInt8>? {
        Int(metaStart) == storage.count ? nil : storage[Int(metaStart)...]
    }
}

/// What the jobs of a definition share with those of many others: queue, time-outs, meta data, RQ's options.
package struct JobSettings: Hashable, Sendable {
    /// The queue's name.
    package let queue: [UInt8]
    /// `timeout` in seconds, negative for none.
    package let timeout: Int
    /// `result_ttl` in seconds, negative without expiry, 0 for no result.
    package let resultTTL: Int
    /// `failure_ttl` in seconds.
    package let failureTTL: Int?
    /// Seconds after which a job that still waits is dropped.
    package let ttl: Int?
    /// `meta`, serialized for the worker; `nil` when empty.
    package let meta: [UInt8]?
    /// Retries, callbacks and what else few jobs have; `nil` for none of it.
    let options: JobOptions?

    /// About how many bytes `meta` and the options have, of which a job may have any number.
    package let size: Int

    /// Whether the job goes to the front of its queue.
    package var atFront: Bool { options?.values.atFront ?? false }

    /// How many times a failed job is tried again.
    package var retries: Int { options?.values.retry?.max ?? 0 }

    /// The same settings with more in `meta`, where texts of the same name are replaced.
    ///
    /// - Parameter serializer: That with which `meta` was written.
    package func adding(toMeta texts: [(name: String, value: String)], _ serializer: JobSerializer) -> JobSettings {
        JobSettings(self, meta: serializer.adding(texts, to: meta))
    }

    private init(_ other: JobSettings, meta: [UInt8]) {
        queue = other.queue
        timeout = other.timeout
        resultTTL = other.resultTTL
        failureTTL = other.failureTTL
        ttl = other.ttl
        options = other.options
        self.meta = meta
        size = other.size - (other.meta?.count ?? 0) + meta.count
    }

    /// The settings in a payload.
    package init(_ payload: JobPayload) {
        queue = Array(payload.origin)
        timeout = payload.timeout
        resultTTL = payload.resultTTL
        failureTTL = payload.failureTTL
        ttl = payload.ttl
        meta = payload.meta.map(Array.init)
        options = payload.options
        let fields = options.map { $0.retryFields + $0.callbackFields } ?? []
        size = fields.reduce(meta?.count ?? 0) { $0 + $1.value.count }
    }
}

/// How a job's call and its `meta` are written: as the workers expect it.
public enum JobSerializer: String, Sendable, Hashable, CaseIterable {
    /// Python's pickle: RQ's default.
    case pickle
    /// JSON: for workers started with `--serializer json`.
    case json

    /// `meta` as the serializer writes it.
    func serialize(_ value: JSONValue) -> [UInt8] {
        switch self {
        case .pickle:
            return PickleWriter.pickle(value)
        case .json:
            var bytes: [UInt8] = []
            value.appendPythonJSON(to: &bytes, style: .spaced)
            return bytes
        }
    }

    /// A serialized `meta` with more in it; both forms may be written on at their end, and of two items of one name the last one counts.
    ///
    /// - Parameter meta: As ``serialize(_:)`` writes an object that is not empty; `nil` for nothing yet.
    fileprivate func adding(_ texts: [(name: String, value: String)], to meta: [UInt8]?) -> [UInt8] {
        let items = JSONObject(texts.map { (JSONString($0.name), JSONValue.string(JSONString($0.value))) })
        guard let meta else { return serialize(.object(items)) }
        switch self {
        case .pickle: return PickleWriter.adding(items, to: meta)
        case .json:
            // `{"a": 1}` and `{"b": 2}`: what is between the braces, with a comma.
            return meta.dropLast() + Array(", ".utf8) + serialize(.object(items)).dropFirst()
        }
    }

    /// RQ's job tuple `(function, None, args, kwargs)` as the serializer writes it.
    func serializeCall(function: String, args: [JSONValue], kwargs: JSONObject) -> [UInt8] {
        switch self {
        case .pickle:
            PickleWriter.pickleCall(function: function, args: args, kwargs: kwargs)
        case .json:
            serialize(.array([.string(function), .null, .array(args), .object(kwargs)]))
        }
    }
}
