@preconcurrency import CProcess

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Sorts words into options and operands, with the C library's `getopt_long`.
///
/// getopt keeps its state in global variables, so parsing happens on the main actor, one command line at a time.
@MainActor
struct ArgumentParser {
    let options: [CommandOption]
    /// Whether parsing ends at the first operand, as for the options before the command's name.
    var stopsAtOperand = false

    /// The parsed arguments, and the words after the point where parsing ended.
    struct Outcome {
        var arguments: ParsedArguments
        var rest: [String]
    }

    /// Parses `words`, which do not include the name of the program.
    ///
    /// - Throws: ``UsageError`` that names the option: it is unknown or ambiguous, lacks its value, or takes none.
    func parse(_ words: [String]) throws(UsageError) -> Outcome {
        for word in words where word.utf8.contains(0) {
            throw UsageError("an argument contains a null character")
        }
        var table = COptionTable(options: options)
        var vector: [UnsafeMutablePointer<CChar>?] = (["rqrcron"] + words).map { strdup($0) }
        let allocated = vector
        vector.append(nil)
        defer {
            for pointer in allocated { free(pointer) }
            table.deallocate()
        }

        Self.resetScanner()
        // "+" stops at the first operand; ":" tells a missing value from an unknown option.
        let letters = (stopsAtOperand ? "+:" : ":") + table.letters
        var outcome = Outcome(arguments: ParsedArguments(), rest: [])
        while true {
            let code = getopt_long(CInt(words.count + 1), &vector, letters, table.entries, nil)
            if code == -1 { break }
            let offending = { vector[Int(max(1, optind)) - 1].map { String(cString: $0) } ?? "" }
            if code == CInt(UInt8(ascii: ":")) {
                throw UsageError("\(table.spelling(of: optopt) ?? offending()) needs a value")
            }
            if code == CInt(UInt8(ascii: "?")) {
                throw complaint(code: optopt, word: offending(), table: table)
            }
            guard let option = table.known(by: code) else {
                throw UsageError("unknown option '\(offending())'")
            }
            outcome.arguments.append(option, value: optarg.map { String(cString: $0) } ?? "")
        }
        let remaining = vector[min(Int(optind), words.count + 1)..<(words.count + 1)]
        let operands = remaining.compactMap { $0.map { String(cString: $0) } }
        if stopsAtOperand {
            outcome.rest = operands
        } else {
            for operand in operands { outcome.arguments.append(operand: operand) }
        }
        return outcome
    }

    private func complaint(code: CInt, word: String, table: COptionTable) -> UsageError {
        if let option = table.known(by: code), option.value == .none, word.hasPrefix("--") {
            return UsageError("--\(option.name) takes no value")
        }
        if code != 0, !word.hasPrefix("--"), let scalar = Unicode.Scalar(UInt32(bitPattern: code)) {
            return UsageError("unknown option '-\(Character(scalar))'")
        }
        let stem = word.split(separator: "=", maxSplits: 1).first.map(String.init) ?? word
        let matches = options.filter { "--\($0.name)".hasPrefix(stem) }.map { "--\($0.name)" }
        guard matches.count > 1 else { return UsageError("unknown option '\(stem)'") }
        return UsageError("'\(stem)' may mean \(matches.joined(separator: " or "))")
    }

    private static func resetScanner() {
        opterr = 0
        optarg = nil
        #if canImport(Glibc)
            // 0 also resets glibc's hidden state.
            optind = 0
        #else
            optreset = 1
            optind = 1
        #endif
    }
}

/// The options as `getopt_long` takes them, with C strings that it owns until ``deallocate()``.
struct COptionTable {
    /// The last entry is all zeros.
    private(set) var entries: [option] = []
    /// The one-letter options.
    ///
    /// One colon after a letter means a required value, two an optional one.
    private(set) var letters = ""
    private let options: [CommandOption]

    /// Codes of long options start above every character, so an unknown letter is never mistaken for one.
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
