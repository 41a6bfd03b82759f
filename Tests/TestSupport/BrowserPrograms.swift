import Foundation

/// A browser with its driver, and the Python that drives it: Debian's `chromium` and `chromium-driver`, and `.venv-page`.
public struct BrowserPrograms: Sendable {
    /// Absolute path of the browser.
    public let chromium: String
    /// Absolute path of its driver.
    public let driver: String

    /// Absolute path of the interpreter that `make deps` makes for it.
    public static let python = "\(PackageRoot.path)/.venv-page/bin/python"

    /// Finds them on the path; `nil` where they are missing.
    public static let found: BrowserPrograms? = {
        guard FileManager.default.isExecutableFile(atPath: python), let driver = ChildProcess.find("chromedriver"),
            let chromium = ["chromium", "chromium-browser", "google-chrome"].lazy.compactMap(ChildProcess.find).first
        else { return nil }
        return BrowserPrograms(chromium: chromium, driver: driver)
    }()

    /// Whether to run a test that needs them: in CI it fails without.
    public static var areExpected: Bool { found != nil || ProcessInfo.processInfo.environment["CI"] != nil }
}
