#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Text that is shown only once all of it is known.
///
/// What is long waits in a temporary file.
final class PlanOutput {
    private static let memory = 1 << 20

    private var bytes: [UInt8] = []
    private var descriptor: CInt = -1

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Adds text.
    func write(_ text: String) throws(CommandFailure) {
        bytes.append(contentsOf: text.utf8)
        guard bytes.count >= Self.memory else { return }
        if descriptor < 0 { descriptor = try TemporaryFile.open() }
        try TemporaryFile.append(bytes, to: descriptor)
        bytes.removeAll(keepingCapacity: true)
    }

    /// Writes all of it to standard output.
    ///
    /// - Throws: ``OutputClosed`` when the reader has gone; ``CommandFailure`` when reading or writing fails.
    func writeAll() throws {
        var offset = 0
        while descriptor >= 0 {
            let portion = try TemporaryFile.portion("the plan") {
                pread(descriptor, $0.baseAddress, $0.count, off_t(offset))
            }
            guard !portion.isEmpty else { break }
            offset += portion.count
            try StandardOutput.write(portion)
        }
        try StandardOutput.write(bytes)
    }
}
