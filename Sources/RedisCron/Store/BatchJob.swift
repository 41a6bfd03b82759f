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
        func size(_ shared: HashDump.Fields, _ texts: PreparedDefinition.Texts) -> Int {
            shared.bytes.count + data.count + HashDump.entrySize(texts.data.count) + description.count
                + HashDump.entrySize(texts.description.count) + stamps.count
        }
    }

    let run: PlannedRun
    /// What it shares with other jobs of the batch.
    let template: JobTemplate
    let texts: PreparedDefinition.Texts
    /// What the template adds to a dump, and the size of all its entries; `nil` when the hash is sent field by field.
    private let dump: (shared: HashDump.Fields, size: Int)?

    /// Whether the hash is sent whole.
    var isDumped: Bool { dump != nil }
    /// About how many bytes the hash has.
    var size: Int { dump?.size ?? run.definition.textSize }

    init(_ run: PlannedRun, template: JobTemplate, in prefix: DumpPrefix, form: BatchCommand.JobForm) {
        self.run = run
        self.template = template
        texts = run.definition.texts(planned: run.planned, deflater: prefix.deflater)
        guard form == .dumps, let shared = template.dumpedFields else {
            dump = nil
            return
        }
        let size = prefix.size(shared, texts)
        dump = size <= HashDump.capacity ? (shared, size) : nil
    }

    /// Appends the job's hash.
    func append(in prefix: DumpPrefix, to call: inout RedisCommand.Builder) {
        guard let (shared, size) = dump else {
            call.append(texts.data)
            call.append(texts.description)
            return
        }
        call.append(size: HashDump.size(ofEntries: size)) { bytes in
            HashDump.append(fieldCount: shared.count + DumpPrefix.fieldCount, entries: size, to: &bytes) { bytes in
                bytes.append(contentsOf: shared.bytes)
                bytes.append(contentsOf: prefix.data)
                HashDump.append(entry: texts.data, to: &bytes)
                bytes.append(contentsOf: prefix.description)
                HashDump.append(entry: texts.description, to: &bytes)
                bytes.append(contentsOf: prefix.stamps)
            }
        }
    }
}
