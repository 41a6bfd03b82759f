import CIntrinsics
package import RQWire

/// A definition ready to be scheduled: everything that depends on it alone, computed once when it is loaded.
///
/// It is small, because a million of them may be cached: the id and the three texts that a batch sends share one block of
/// bytes.
package final class PreparedDefinition: Sendable {
    /// What a batch sends of a definition.
    package struct Texts {
        /// `updated_at`.
        package let updatedAtBytes: ArraySlice<UInt8>
        package let data: ArraySlice<UInt8>
        package let description: ArraySlice<UInt8>
    }

    package let plan: RunPlan
    // Behind the plan, whose size is odd, they take no room of their own.
    package let isEnabled: Bool
    let neverRan: Bool
    /// Whether its next run is earlier than the time at which the last one was queued.
    let isSetBack: Bool
    /// What limits its runs; `nil` for most definitions.
    package let governance: Governance?
    private let idLength: UInt32
    private let updatedAtLength: UInt32
    private let dataLength: UInt32
    package let template: JobTemplate
    /// The call, where what is sent of it depends on the planned time of the run.
    private let plannedCall: PlannedCall?
    /// Id, version, data and description, one behind the other.
    private let bytes: [UInt8]
    private let next: SparseInstant
    private let created: SparseInstant

    /// The id, copied.
    package var id: DefinitionID { DefinitionID(bytes: Array(bytes[..<Int(idLength)])) }
    /// Bytes of the three texts.
    var textSize: Int { bytes.count - Int(idLength) }
    /// What stood in `next_enqueue_time`, or what follows from the last run.
    package var nextEnqueueTime: Timestamp? { next.instant }
    /// The anchor of an interval that never ran.
    var createdAt: Timestamp? { created.instant }

    package init(
        id: DefinitionID, plan: RunPlan, template: JobTemplate, updatedAtBytes: [UInt8], payload: JobPayload,
        nextEnqueueTime: Timestamp?, createdAt: Timestamp?, isEnabled: Bool, neverRan: Bool, isSetBack: Bool = false,
        governance: Governance? = nil, plannedCall: PlannedCall? = nil
    ) {
        self.idLength = UInt32(clamping: id.bytes.count)
        self.updatedAtLength = UInt32(clamping: updatedAtBytes.count)
        self.dataLength = UInt32(clamping: payload.data.count)
        self.plan = plan
        self.template = template
        self.plannedCall = plannedCall
        // To the byte: the block stays in the cache.
        let size = id.bytes.count + updatedAtBytes.count + payload.data.count + payload.description.count
        self.bytes = Array(unsafeUninitializedCapacity: size) { block, count in
            for text in [id.bytes[...], updatedAtBytes[...], payload.data, payload.description] {
                _ = block[count...].initialize(from: text)
                count += text.count
            }
        }
        self.next = SparseInstant(nextEnqueueTime)
        self.created = SparseInstant(createdAt)
        self.isEnabled = isEnabled
        self.neverRan = neverRan
        self.isSetBack = isSetBack
        self.governance = governance
    }

    /// The planned time of the run to which an index entry leads.
    ///
    /// An interval that never ran is planned for its `created_at`, which anchors its grid. Old data may lack that too; then the
    /// index decides. Everybody computes the same time, since the job's id follows from it.
    ///
    /// - Returns: `nil` for an expression whose hash names no time: the index alone does not make it due.
    func plannedTime(score: Double) -> Timestamp? {
        if let nextEnqueueTime { return nextEnqueueTime }
        guard plan.isInterval else { return nil }
        return (neverRan ? createdAt : nil) ?? Timestamp(score: max(0, score))
    }

    /// Whether the script has to look at the state of the definition or of its runs.
    package var isGoverned: Bool { governance?.policy.isGoverned ?? false }

    /// Whether it is marked as finished when it has no further run, rather than left without a next one.
    package var finishes: Bool { plan.bounds?.end != nil || governance?.policy.maxRuns != nil }

    /// The run of a planned time, as `open_runs` has it.
    package func openRun(planned: Timestamp) -> OpenRun {
        let job = withIDBytes { RQJobID.planned(definition: $0.assumingMemoryBound(to: UInt8.self), at: planned) }
        return OpenRun(jobID: job.description, queue: template.queueName)
    }

    /// Appends the id in JSON.
    func appendIDJSON(to target: inout [UInt8]) {
        let isPlain = withIDBytes { id in
            id.allSatisfy { $0 >= 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
        }
        guard isPlain else {
            target.append(contentsOf: OpenRun.jsonText(withIDBytes { String(decoding: $0, as: UTF8.self) }))
            return
        }
        target.append(UInt8(ascii: "\""))
        withIDBytes { target.append(contentsOf: $0) }
        target.append(UInt8(ascii: "\""))
    }

    /// Lends the bytes of the id.
    func withIDBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<Int(idLength)])) }
    }

    /// `updated_at` in the very bytes in which it was read.
    package var updatedAtBytes: [UInt8] { Array(texts.updatedAtBytes) }

    /// The call for the run of this time; `nil` where it is that of all runs, which ``texts`` has.
    ///
    /// - Parameter deflater: Shared by the runs of a batch.
    func ownCall(planned: Timestamp, deflater: @autoclosure () -> Deflater) -> JobPayload? {
        plannedCall?.payload(planned: planned, deflater: deflater())
    }

    /// What a batch sends for the run of this time.
    package func texts(planned: Timestamp) -> Texts {
        guard let call = ownCall(planned: planned, deflater: Deflater()) else { return texts }
        return Texts(updatedAtBytes: texts.updatedAtBytes, data: call.data, description: call.description)
    }

    /// What a batch sends of a definition whose runs do not get their planned time.
    package var texts: Texts {
        let (updatedAt, data, description) = places
        return Texts(
            updatedAtBytes: bytes[updatedAt], data: bytes[data], description: bytes[description])
    }

    /// Where ``texts`` are in `bytes`.
    private var places: (updatedAt: Range<Int>, data: Range<Int>, description: Range<Int>) {
        let updatedAt = Int(idLength)
        let data = updatedAt + Int(updatedAtLength)
        let description = data + Int(dataLength)
        return (updatedAt..<data, data..<description, description..<bytes.count)
    }

    /// Has the processor fetch id and texts.
    func prefetchTexts() {
        bytes.withUnsafeBytes { prefetch($0.baseAddress, $0.count) }
    }

    /// Lends the bytes of ``texts``: `updated_at`, data and description.
    func withTexts<Result>(
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Result
    ) -> Result {
        let (updatedAt, data, description) = places
        return bytes.withUnsafeBytes { bytes in
            body(
                UnsafeRawBufferPointer(rebasing: bytes[updatedAt]), UnsafeRawBufferPointer(rebasing: bytes[data]),
                UnsafeRawBufferPointer(rebasing: bytes[description]))
        }
    }
}

/// A call that gets the planned time of its run, kept so that each run can be written when it is sent.
package final class PlannedCall: Sendable {
    private let call: CallSpec
    private let serializer: JobSerializer

    /// Keeps a call; `nil` for one that does not get the time.
    package init?(_ call: CallSpec, serializer: JobSerializer) {
        guard call.plannedTimeArgument != nil else { return nil }
        self.call = call
        self.serializer = serializer
    }

    fileprivate func payload(planned: Timestamp, deflater: Deflater) -> JobPayload {
        JobPayload(call.planned(for: planned), serializer: serializer, deflater: deflater)
    }
}

/// Settings in the form in which they are sent, made once for all definitions that have them.
package final class JobTemplate: Sendable {
    package let settings: JobSettings
    /// What a batch says of jobs that bring all their fields along.
    let route: JobRoute
    /// Their fields in a job's hash, for a dump of it; `nil` when they are too long for one.
    let dumpedFields: HashDump.Fields?
    /// The queue's name.
    let queueName: String
    /// The queue's name in JSON.
    let queueJSON: [UInt8]
    /// What the log of runs says of its jobs, in JSON.
    let runTerms: [UInt8]

    /// - Parameter route: That of other templates with the same one, so that a batch has it once.
    package init(_ settings: JobSettings, route: JobRoute? = nil) {
        self.settings = settings
        self.route = route ?? JobRoute(settings)
        dumpedFields = HashDump.Fields(RQJobHash.fields(of: settings))
        queueName = String(decoding: settings.queue, as: UTF8.self)
        queueJSON = OpenRun.jsonText(queueName)
        runTerms = RunTerms(settings).json.compactBytes
    }

    /// The same fields one by one: for the few jobs that are sent field by field.
    var fields: [(field: String, value: [UInt8])] { RQJobHash.fields(of: settings) }
}

/// Where jobs go, and for how long they wait there.
package final class JobRoute: Sendable, Hashable {
    let queue: [UInt8]
    /// Seconds after which a job that still waits is dropped.
    let ttl: Int?
    let atFront: Bool

    init(_ settings: JobSettings) {
        queue = settings.queue
        ttl = settings.ttl
        atFront = settings.atFront
    }

    package static func == (left: JobRoute, right: JobRoute) -> Bool {
        left.queue == right.queue && left.ttl == right.ttl && left.atFront == right.atFront
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(queue)
        hasher.combine(ttl)
        hasher.combine(atFront)
    }
}

/// An optional instant in the eight bytes of an instant: a million cached definitions hold several.
struct SparseInstant: Sendable, Hashable {
    /// Microseconds since 1970; `Int64.min`, which no instant has, means `nil`.
    private let microseconds: Int64

    init(_ instant: Timestamp?) {
        microseconds = instant?.microseconds ?? .min
    }

    /// The instant.
    var instant: Timestamp? {
        microseconds == .min ? nil : Timestamp(microseconds: microseconds)
    }
}
