import ProcessSpawn

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Whoever read standard output has gone.
struct OutputClosed: Error {}

/// Standard output, written at once and whole.
struct StandardOutput {
    /// Writes `text`.
    ///
    /// - Throws: ``OutputClosed`` when the reader has gone; ``CommandFailure`` when the output cannot be written, as on
    ///   a full disk.
    static func write(_ text: String) throws {
        try write(Array(text.utf8))
    }

    static func write(_ bytes: [UInt8]) throws {
        let code = FileDescriptorOutput.write(bytes, to: STDOUT_FILENO)
        switch code {
        case 0: return
        case EPIPE: throw OutputClosed()
        default: throw CommandFailure("cannot write to standard output: \(SystemCall.explain(code))")
        }
    }

    /// Whether a person looks at it.
    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
}

/// Standard error.
///
/// That it cannot be written is nothing that could be told to anybody.
struct StandardError {
    static func write(_ text: String) {
        _ = FileDescriptorOutput.write(Array(text.utf8), to: STDERR_FILENO)
    }

    /// Whether a line can be written without waiting; waits up to a second until it can.
    ///
    /// `false` means a pipe or terminal that is full and that nobody reads.
    static func takesALine() -> Bool {
        var waiting = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        return poll(&waiting, 1, 1000) != 0
    }

    /// Writes a line about what deserves attention and keeps nothing from being done.
    static func warn(_ text: String) {
        write("rqrcron: warning: \(text)\n")
    }
}

/// Writes all bytes, however often the system takes only a part.
private struct FileDescriptorOutput {
    /// - Returns: 0, or the `errno` of the write that failed.
    static func write(_ bytes: [UInt8], to descriptor: CInt) -> CInt {
        bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                #if canImport(Glibc)
                    let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                #else
                    let count = Darwin.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                #endif
                if count >= 0 {
                    rest = rest.dropFirst(count)
                } else if errno == EAGAIN {
                    // Somebody made the terminal non-blocking: wait until it takes more.
                    var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&waiting, 1, -1)
                } else if errno != EINTR {
                    return errno
                }
            }
            return 0
        }
    }
}
