#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A pipe to or from a program: both ends are closed in programs that are not given them.
package struct PipeEnds {
    /// The end to read from.
    package let reading: CInt
    /// The end to write to.
    package let writing: CInt

    /// Opens a pipe; whoever has it closes both ends.
    package init() throws(SpawnError) {
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { throw SpawnError("cannot open a pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (reading, writing) = (ends[0], ends[1])
    }
}
