#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The environment variables of the process, or a test's own.
///
/// An empty variable counts as absent, as it does in RQ.
struct ProcessEnvironment: Sendable {
    private let variables: [String: String]?

    init(_ variables: [String: String]) {
        self.variables = variables
    }

    private init() {
        variables = nil
    }

    /// The real environment.
    static let process = ProcessEnvironment()

    subscript(name: String) -> String? {
        let value = variables.map { $0[name] } ?? getenv(name).map { String(cString: $0) }
        return value == "" ? nil : value
    }
}
