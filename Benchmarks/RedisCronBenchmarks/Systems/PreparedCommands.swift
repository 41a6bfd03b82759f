import CPlainPipeline

/// Commands whose arguments are all made beforehand, for the plain C pipeline: its client does nothing but send.
final class PreparedCommands {
    private var texts: [UInt8] = []
    /// Offset and length of each argument in `texts`.
    private var arguments: [(offset: Int, length: Int)] = []
    private var counts: [Int] = []
    private var storage: Storage?

    private struct Storage {
        let texts: UnsafeMutablePointer<CChar>
        let pointers: UnsafeMutablePointer<UnsafePointer<CChar>?>
        let lengths: UnsafeMutablePointer<Int>
        let commands: UnsafeMutablePointer<plain_command>
    }

    var count: Int { counts.count }

    /// Appends one command.
    func append(_ words: [[UInt8]]) {
        for word in words {
            arguments.append((texts.count, word.count))
            texts += word
        }
        counts.append(words.count)
    }

    /// Lays everything out as C wants it; nothing is appended afterwards.
    func finish() {
        let storage = Storage(
            texts: .allocate(capacity: max(1, texts.count)), pointers: .allocate(capacity: arguments.count),
            lengths: .allocate(capacity: arguments.count), commands: .allocate(capacity: counts.count))
        for (index, byte) in texts.enumerated() { storage.texts[index] = CChar(bitPattern: byte) }
        for (index, argument) in arguments.enumerated() {
            storage.pointers[index] = UnsafePointer(storage.texts + argument.offset)
            storage.lengths[index] = argument.length
        }
        var first = 0
        for (index, count) in counts.enumerated() {
            storage.commands[index] = plain_command(
                count: Int32(count), arguments: storage.pointers + first, lengths: storage.lengths + first)
            first += count
        }
        self.storage = storage
        texts = []
        arguments = []
    }

    /// Sends everything, so many commands at a time, and waits for every reply.
    ///
    /// - Parameters:
    ///   - groupSize: commands of a group.
    ///   - groupsInFlight: groups that may be on their way at the same time.
    /// - Throws: if any reply is an error.
    func run(on address: ServerAddress, groupSize: Int, groupsInFlight: Int) throws {
        guard let storage else { throw BenchmarkError("nothing was prepared") }
        let errors = address.withPlainAddress { address in
            plain_pipeline_run(address, storage.commands, counts.count, groupSize, groupsInFlight)
        }
        guard errors == 0 else { throw BenchmarkError("the plain pipeline met \(errors) errors") }
    }

    deinit {
        guard let storage else { return }
        storage.texts.deallocate()
        storage.pointers.deallocate()
        storage.lengths.deallocate()
        storage.commands.deallocate()
    }
}
