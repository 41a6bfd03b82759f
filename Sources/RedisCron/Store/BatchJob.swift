import RQWire
import RedisBridge

/// One job of a batch in the form in which it is sent.
struct BatchJob {
    /// What the dumps of all jobs of a batch have in common.
    struct DumpPrefix {
        /// The number of fields that are not in a template: when the job was created and queued, its call and its description.
        static let fieldCount = 4

        /// The names of two fields as entries.
        let data: [UInt8]
        let description: [UInt8]
        /// When the job was created and when it was queued: names and values.
        let stamps: [UInt8]
        /// Compresses the calls that depend on their planned time.
        let deflater = Deflater()

        init(_ now: Timestamp) {
            var time: [UInt8] = []
            now.appendWireFormat(to: &time)
            func entries(_ texts: [UInt8]...) -> [UInt8] {
                var entries: [UInt8] = []
                for text in texts { HashDump.append(entry: text[...], to: &entries) }
                return entries
            }
            data = entries(Array("data".utf8))
            description = entries(Array("description".utf8))
            stamps = entries(Array("created_at".utf8), time, Array("enqueued_at".utf8), time)
        }

        /// Bytes of the entries of a dump.
        func size(_ shared: HashDump.Fields, data dataSize: Int, description descriptionSize: Int) -> Int {
            shared.bytes.count + data.count + HashDump.entrySize(dataSize) + description.count
                + HashDump.entrySize(descriptionSize) + stamps.count
        }
    }

    let run: PlannedRun
    /// What it shares with other jobs of the batch.
    let template: JobTemplate
    /// Its data and description, where they are its own and not those of its definition.
    private let ownTexts: OwnTexts?
    /// Bytes of all entries of its dump; 0 when the hash is sent field by field.
    private let dumpSize: Int
    /// About how many bytes the hash has.
    let size: Int

    /// In one reference, which few jobs have.
    private final class OwnTexts {
        let data: [UInt8]
        let description: [UInt8]

        init(_ call: JobPayload) {
            data = Array(call.data)
            description = Array(call.description)
        }
    }

    /// Whether the hash is sent whole.
    var isDumped: Bool { dumpSize > 0 }

    init(_ run: PlannedRun, template: JobTemplate, in prefix: DumpPrefix, form: BatchCommand.JobForm) {
        self.run = run
        self.template = template
        let ownTexts = run.definition.ownCall(planned: run.planned, deflater: prefix.deflater).map(OwnTexts.init)
        self.ownTexts = ownTexts
        let (data, description) = Self.withTexts(of: run, ownTexts) { ($0.count, $1.count) }
        let dumpSize = template.dumpedFields.map { prefix.size($0, data: data, description: description) }
        if form == .dumps, let dumpSize, dumpSize <= HashDump.capacity {
            self.dumpSize = dumpSize
            size = dumpSize
        } else {
            self.dumpSize = 0
            size = data + description
        }
    }

    /// Lends data and description.
    private static func withTexts<Result>(
        of run: PlannedRun, _ own: OwnTexts?, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Result
    ) -> Result {
        guard let own else { return run.definition.withTexts { _, data, description in body(data, description) } }
        return own.data.withUnsafeBytes { data in
            own.description.withUnsafeBytes { description in body(data, description) }
        }
    }

    /// Appends the job's hash.
    func append(in prefix: DumpPrefix, to call: inout RedisCommand.Builder) {
        Self.withTexts(of: run, ownTexts) { data, description in
            guard isDumped, let shared = template.dumpedFields else {
                call.append(data)
                call.append(description)
                return
            }
            call.append(size: HashDump.size(ofEntries: dumpSize)) { target in
                HashDump.write(
                    fieldCount: shared.count + DumpPrefix.fieldCount, entries: dumpSize, to: target
                ) { entries in
                    entries.append(encoded: shared.bytes)
                    entries.append(encoded: prefix.data)
                    entries.append(entry: data)
                    entries.append(encoded: prefix.description)
                    entries.append(entry: description)
                    entries.append(encoded: prefix.stamps)
                }
            }
        }
    }
}
