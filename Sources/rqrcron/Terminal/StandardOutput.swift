import ProcessSpawn

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The reader of standard output has gone.
struct OutputClosed: Error {}

/// Standard output, unbuffered.
struct StandardOutput {
    /// Writes all of `text`.
    ///
    /// - Throws: ``OutputClosed`` when the reader has gone; ``CommandFailure`` when writing fails, for example on a full
    ///   disk.
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

    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
}

/// Standard error, where failures to write are ignored: there is nowhere to report them.
struct StandardError {
    static func write(_ text: String) {
        _ = FileDescriptorOutput.write(Array(text.utf8), to: STDERR_FILENO)
    }

    /// Waits until a line can be written without blocking, at most a second.
    ///
    /// - Returns: False for a pipe or terminal that is full and that nobody reads.
    static func takesALine() -> Bool {
        var waiting = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        return poll(&waiting, 1, 1000) != 0
    }

    /// Writes a warning, for something that stops nothing.
    static func warn(_ text: String) {
        write("rqrcron: warning: \(text)\n")
    }
}

/// Writes all bytes, even if the system takes them in parts.
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
                    // Another program made the terminal non-blocking: wait until it takes more.
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
