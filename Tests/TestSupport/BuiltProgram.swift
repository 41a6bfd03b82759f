import Foundation

/// A program that the package builds, found by its path: nothing of it is linked into a test.
public enum BuiltProgram {
    /// The path of a program of the build that this test is of.
    public static func path(of name: String) -> String {
        // The tests' bundle lies beside the products of its build.
        let candidates = [Bundle.main.executablePath ?? ""] + CommandLine.arguments
        for candidate in candidates where candidate.contains(".xctest") {
            var folder = URL(fileURLWithPath: candidate)
            while folder.path.contains(".xctest") { folder.deleteLastPathComponent() }
            let binary = folder.appendingPathComponent(name).path
            if FileManager.default.isExecutableFile(atPath: binary) { return binary }
        }
        return "\(PackageRoot.path)/.build/debug/\(name)"
    }
}
