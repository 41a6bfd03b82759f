import CLibFuzzer
import Foundation

/// Gives inputs to one parser for ever: libFuzzer, which reads the arguments, decides which.
@main
enum FuzzCommand {
    /// The parser that is fuzzed: `REDISCRON_FUZZ_PARSER` names it.
    private static let parser = FuzzedParser(
        rawValue: ProcessInfo.processInfo.environment["REDISCRON_FUZZ_PARSER"] ?? "")

    static func main() {
        guard parser != nil else {
            let names = FuzzedParser.allCases.map(\.rawValue).joined(separator: ", ")
            print("REDISCRON_FUZZ_PARSER must be one of \(names)")
            exit(2)
        }
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
        let status = LLVMFuzzerRunDriver(&count, &arguments) { start, count in
            FuzzCommand.takeOneInput(UnsafeBufferPointer(start: start, count: count))
        }
        exit(status)
    }

    private static func takeOneInput(_ input: UnsafeBufferPointer<UInt8>) -> CInt {
        do {
            try parser?.take(Array(input))
        } catch {
            // A trap, so that libFuzzer keeps the input.
            fatalError(String("\(error)".debugDescription.prefix(2_000)))
        }
        return 0
    }
}
