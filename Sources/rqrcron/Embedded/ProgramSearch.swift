#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Finds programs as a shell does.
struct ProgramSearch {
    /// The directories to look in, separated by colons as in `PATH`.
    let path: String

    init(environment: ProcessEnvironment) {
        path = environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
    }

    /// The absolute or relative path of the first executable file called one of `names`; an earlier name wins.
    func firstExecutable(named names: [String]) -> String? {
        for name in names {
            for directory in path.split(separator: ":") {
                let candidate = "\(directory)/\(name)"
                if access(candidate, X_OK) == 0 { return candidate }
            }
        }
        return nil
    }
}
