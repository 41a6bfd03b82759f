#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A pipe whose ends are closed in programs started from here, unless they are handed over.
///
/// Nothing is ever written to it: the read end reports the moment at which the last holder of the write end has gone,
/// however that holder died.
struct Pipe {
    let readEnd: CInt
    let writeEnd: CInt

    init() throws {
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { throw CommandFailure("cannot open a pipe: \(SystemCall.explain(errno))") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (readEnd, writeEnd) = (ends[0], ends[1])
    }
}
