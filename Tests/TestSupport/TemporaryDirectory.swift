import Foundation

/// A fresh directory of its own, removed with all that is in it, also when the test process is killed.
///
/// It lies in /tmp, not in the system's per-user folder: the path of a Unix socket in it must stay below 104 bytes.
public struct TemporaryDirectory: Sendable {
    /// Absolute path without a slash at its end.
    public let path: String

    /// Makes the directory, readable by this user only.
    ///
    /// - Throws: ``SupportError`` when the system refuses.
    public init() throws(SupportError) {
        var template = Array("/tmp/rediscron-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw .system("mkdtemp") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        Undertaker.shared.adopt(directory: path)
    }

    /// Removes the directory and all that is in it.
    public func remove() {
        try? FileManager.default.removeItem(atPath: path)
        Undertaker.shared.release(directory: path)
    }
}

/// Runs `body` with a fresh directory and removes it afterwards, whatever happens.
public func withTemporaryDirectory<Result>(
    _ body: (TemporaryDirectory) async throws -> Result
) async throws -> Result {
    let directory = try TemporaryDirectory()
    defer { directory.remove() }
    return try await body(directory)
}
