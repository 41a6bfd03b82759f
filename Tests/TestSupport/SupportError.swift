import Foundation

/// The test support itself could not do its work: a missing program, a refused system call, a server that did not start.
public struct SupportError: Error, CustomStringConvertible {
    /// A full sentence for who reads the test's output.
    public let description: String

    /// An error that is told by `description`.
    public init(_ description: String) {
        self.description = description
    }

    /// A system call that failed, with the text for `code` (`errno` by default).
    static func system(_ call: String, code: Int32 = errno) -> SupportError {
        SupportError("\(call): \(String(cString: strerror(code)))")
    }
}
