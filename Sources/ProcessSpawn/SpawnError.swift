#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The system refused what it takes to start a program.
package struct SpawnError: Error, CustomStringConvertible {
    /// What could not be done, such as `cannot start /bin/none`.
    package let failure: String
    /// The system's number for the reason.
    package let code: CInt

    init(_ failure: String, code: CInt = errno) {
        self.failure = failure
        self.code = code
    }

    /// `cannot start /bin/none: No such file or directory`.
    package var description: String {
        "\(failure): \(SystemCall.explain(code))"
    }
}
