#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What the system says about its refusals.
package struct SystemCall {
    /// The text of an `errno`, safe to use from any thread.
    package static func explain(_ code: CInt) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard let base = buffer.baseAddress, strerror_r(code, base, buffer.count) == 0 else {
                return "error \(code)"
            }
            return String(cString: base)
        }
    }
}
