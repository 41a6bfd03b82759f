import ProcessSpawn

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Temporary files that have no name, so that nothing is left of them whatever happens to the process.
struct TemporaryFile {
    /// Makes a file; the caller closes it.
    static func open() throws(CommandFailure) -> CInt {
        let folder = ProcessEnvironment.process["TMPDIR"] ?? "/tmp"
        var template = Array("\(folder)/rqrcron.XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else {
            throw CommandFailure("cannot make a temporary file in \(folder): \(SystemCall.explain(errno))")
        }
        unlink(template)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return descriptor
    }

    /// Appends bytes.
    static func append(_ bytes: [UInt8], to descriptor: CInt) throws(CommandFailure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written >= 0 else {
                throw CommandFailure("cannot write to a temporary file: \(SystemCall.explain(errno))")
            }
            rest = rest.dropFirst(written)
        }
    }

    /// Reads a portion of a file, temporary or not.
    ///
    /// - Parameters:
    ///   - name: What the file is called in messages.
    ///   - read: Reads into a buffer, as `read(2)` does.
    /// - Returns: Nothing at the end.
    static func portion(
        _ name: String, _ read: (UnsafeMutableBufferPointer<UInt8>) -> Int
    ) throws(CommandFailure) -> [UInt8] {
        var code: CInt = 0
        let portion = [UInt8](unsafeUninitializedCapacity: 262_144) { buffer, count in
            var found = read(buffer)
            while found < 0, errno == EINTR { found = read(buffer) }
            code = found < 0 ? errno : 0
            count = max(0, found)
        }
        guard code == 0 else { throw CommandFailure("cannot read \(name): \(SystemCall.explain(code))") }
        return portion
    }
}
