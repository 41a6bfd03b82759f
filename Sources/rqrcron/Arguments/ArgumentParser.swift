@preconcurrency import CProcess

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Sorts words into options and operands with `getopt_long` of the system's C library.
///
/// getopt keeps its state in global variables, so all parsing happens on the main actor, one command line at a time.
@MainActor
struct ArgumentParser {
    /// The options that are known.
    let options: [CommandOption]
    /// Whether parsing ends at the first operand, as it does before the name of the command.
    var stopsAtOperand = false

    /// What was understood, and the words after the point where parsing ended.
    struct Outcome {
        var arguments: ParsedArguments
        var rest: [String]
    }

    /// Parses `words`, which do not include the name of the program.
    ///
    /// - Throws: ``UsageError`` that names the option which is unknown or ambiguous, lacks its value, or takes none.
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
        // A leading "+" ends at the first operand; a ":" tells a missing value from an unknown option.
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
            // 0 makes glibc start afresh, its hidden state included.
            optind = 0
        #else
            optreset = 1
            optind = 1
        #endif
    }
}
