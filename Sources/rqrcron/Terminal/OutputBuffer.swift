/// Standard output in portions, for what may be a hundred megabytes.
struct OutputBuffer {
    private static let portion = 1 << 16

    /// What has not been written yet; append to it, and call ``writeIfFull()`` from time to time.
    var bytes: [UInt8] = []
    private let sink: (([UInt8]) throws -> Void)

    /// - Parameter sink: Where portions go.
    init(to sink: @escaping ([UInt8]) throws -> Void = StandardOutput.write) {
        self.sink = sink
        bytes.reserveCapacity(Self.portion + 4096)
    }

    /// Appends a text.
    mutating func write(_ text: String) throws {
        bytes.append(contentsOf: text.utf8)
        try writeIfFull()
    }

    /// Writes what there is if it is worth a system call.
    mutating func writeIfFull() throws {
        if bytes.count >= Self.portion { try flush() }
    }

    /// Writes what there is.
    ///
    /// - Throws: ``OutputClosed`` when the reader has gone; ``CommandFailure`` when writing fails.
    mutating func flush() throws {
        guard !bytes.isEmpty else { return }
        defer { bytes.removeAll(keepingCapacity: true) }
        try sink(bytes)
    }

    /// What `write` writes, as one text.
    static func text(_ write: (inout OutputBuffer) throws -> Void) rethrows -> String {
        let collected = CollectedText()
        var output = OutputBuffer(to: collected.append)
        try write(&output)
        collected.append(output.bytes)
        return collected.text
    }
}

/// The portions of an ``OutputBuffer`` in memory.
final class CollectedText {
    private var bytes: [UInt8] = []

    var text: String { String(decoding: bytes, as: UTF8.self) }

    func append(_ portion: [UInt8]) { bytes += portion }
}
