#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// How far a long command is, on standard error when that is a terminal.
struct ProgressLine {
    /// Writes the progress of something in place, or nothing when nobody looks.
    static func writer(of what: String) -> (@Sendable (Int, Int) -> Void)? {
        guard isatty(STDERR_FILENO) == 1 else { return nil }
        return { done, total in StandardError.write("\r\(what) \(done) of \(total)\u{1B}[K") }
    }

    /// Removes the line.
    static func clear() {
        if isatty(STDERR_FILENO) == 1 { StandardError.write("\r\u{1B}[K") }
    }
}
