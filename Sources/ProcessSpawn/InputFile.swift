#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What a program is given to read.
enum InputFile {
    /// A nameless file with these bytes, to be read from its beginning; whoever has it closes it.
    ///
    /// Writing to a pipe whose reader has ended, or never reads, would need care that a file does not.
    static func holding(_ bytes: some Collection<UInt8>) throws(SpawnError) -> CInt {
        var template = Array("/tmp/rediscron-input-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw SpawnError("cannot create a file in /tmp") }
        unlink(template)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else {
                let error = SpawnError("cannot write a file in /tmp")
                close(descriptor)
                throw error
            }
            rest = rest.dropFirst(count)
        }
        lseek(descriptor, 0, SEEK_SET)
        return descriptor
    }
}
