import CProcess

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Options in the form that `getopt_long` takes: owns the C strings until ``deallocate()``.
struct COptionTable {
    /// Ended by an entry of zeros.
    private(set) var entries: [option] = []
    /// The one-letter options, each followed by a colon for each of its value's demands.
    private(set) var letters = ""
    private let options: [CommandOption]

    /// Codes of long options start beyond every character, so that an unknown letter is never taken for one.
    private static let firstCode: CInt = 0x11_0000

    init(options: [CommandOption]) {
        self.options = options
        for (index, known) in options.enumerated() {
            let demand: CInt =
                switch known.value {
                case .none: no_argument
                case .required: required_argument
                case .optional: optional_argument
                }
            entries.append(
                option(
                    name: UnsafePointer(strdup(known.name)), has_arg: demand, flag: nil,
                    val: Self.firstCode + CInt(index)))
            if let short = known.short {
                letters.append(short)
                letters += String(repeating: ":", count: Int(demand))
            }
        }
        entries.append(option(name: nil, has_arg: 0, flag: nil, val: 0))
    }

    func known(by code: CInt) -> CommandOption? {
        let index = Int(code) - Int(Self.firstCode)
        if options.indices.contains(index) { return options[index] }
        return options.first { $0.short?.unicodeScalars.first.map { CInt($0.value) } == code }
    }

    func spelling(of code: CInt) -> String? {
        guard let option = known(by: code) else { return nil }
        return code < Self.firstCode ? "-\(option.short.map(String.init) ?? "")" : "--\(option.name)"
    }

    mutating func deallocate() {
        for entry in entries { free(UnsafeMutablePointer(mutating: entry.name)) }
        entries = []
    }
}
