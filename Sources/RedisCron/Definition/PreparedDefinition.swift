import RQWire

/// A definition ready to be scheduled: all that depends on it alone, computed once when it is loaded.
///
/// Kept small, because a million of them may be cached: the id and the three texts that a batch sends are one block of
/// bytes, the texts already in the form in which they are sent.
final class PreparedDefinition: Sendable {
    /// What a batch sends of a definition.
    struct Texts {
        /// `updated_at`.
        let version: ArraySlice<UInt8>
        let data: ArraySlice<UInt8>
        let description: ArraySlice<UInt8>
    }

    let plan: RunPlan
    // Behind the plan, whose size is odd, they take no room of their own.
    let isEnabled: Bool
    let neverRan: Bool
    /// Whether its next run lies before the time at which the last one was queued.
    let isSetBack: Bool
    private let idLength: UInt32
    let template: JobTemplate
    private let bytes: [UInt8]
    private let next: SparseInstant
    private let created: SparseInstant

    /// The id, copied.
    var id: DefinitionID { DefinitionID(bytes: Array(bytes[..<Int(idLength)])) }
    /// `updated_at`, `data` and `description` as three encoded arguments.
    var arguments: ArraySlice<UInt8> { bytes[Int(idLength)...] }
    /// What stood in `next_enqueue_time`, or what follows from the last run.
    var nextEnqueueTime: Timestamp? { next.instant }
    /// The anchor of an interval that never ran.
    var createdAt: Timestamp? { created.instant }

    init(
        id: DefinitionID, plan: RunPlan, template: JobTemplate, arguments: [UInt8], nextEnqueueTime: Timestamp?,
        createdAt: Timestamp?, isEnabled: Bool, neverRan: Bool, isSetBack: Bool = false
    ) {
        self.idLength = UInt32(clamping: id.bytes.count)
        self.plan = plan
        self.template = template
        // To the byte: the block stays in the cache.
        self.bytes = Array(unsafeUninitializedCapacity: id.bytes.count + arguments.count) { block, count in
            count = id.bytes.count + arguments.count
            _ = block.initialize(from: id.bytes)
            _ = block[id.bytes.count...].initialize(from: arguments)
        }
        self.next = SparseInstant(nextEnqueueTime)
        self.created = SparseInstant(createdAt)
        self.isEnabled = isEnabled
        self.neverRan = neverRan
        self.isSetBack = isSetBack
    }

    /// The planned time of the run to which an index entry leads.
    ///
    /// An interval that never ran is planned for its `created_at`, which anchors its grid. Old data may lack that too:
    /// then the index says when. It is the same time whoever computes it, since the job's id follows from it.
    ///
    /// - Returns: `nil` for an expression whose hash names no time: the index alone does not make it due.
    func plannedTime(score: Double) -> Timestamp? {
        if let nextEnqueueTime { return nextEnqueueTime }
        guard case .interval = plan else { return nil }
        return (neverRan ? createdAt : nil) ?? Timestamp(score: max(0, score))
    }

    /// Lends the bytes of the id.
    func withIDBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<Int(idLength)])) }
    }

    /// `updated_at` in the very bytes in which it was read.
    var version: [UInt8] { Array(texts.version) }

    /// The three arguments without the lengths before them.
    var texts: Texts {
        var rest = arguments
        return Texts(
            version: Self.takeText(from: &rest), data: Self.takeText(from: &rest),
            description: Self.takeText(from: &rest))
    }

    /// Takes one argument: `$`, its length, and the text between two line ends.
    private static func takeText(from arguments: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var position = arguments.startIndex + 1
        var length = 0
        while arguments[position] != 0x0d {
            length = length * 10 + Int(arguments[position] - 0x30)
            position += 1
        }
        let start = position + 2
        defer { arguments = arguments[(start + length + 2)...] }
        return arguments[start..<start + length]
    }
}
