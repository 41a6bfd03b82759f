import Foundation

/// Where the package under test lies on this machine.
public enum PackageRoot {
    /// Absolute path of the folder that holds `Package.swift`, without a slash at its end.
    public static let path: String = {
        // This file is Tests/TestSupport/PackageRoot.swift.
        URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .path
    }()
}
