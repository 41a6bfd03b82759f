import Foundation
import TestSupport

/// The seeds of a parser: one to a line of `Seeds/NAME.txt`, with `\n`, `\r`, `\\` and three octal digits (`\377`) for what
/// no line can hold, as the shell's `printf` reads them.
enum Seeds {
    static func of(_ parser: FuzzedParser) throws -> [[UInt8]] {
        let path = "\(PackageRoot.path)/Tests/RobustnessTests/Seeds/\(parser.rawValue).txt"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map { unescaped($0.utf8) }
    }

    private static func unescaped(_ line: Substring.UTF8View) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = line[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let letter = rest.popFirst() else {
                bytes.append(byte)
                continue
            }
            switch letter {
            case UInt8(ascii: "n"): bytes.append(UInt8(ascii: "\n"))
            case UInt8(ascii: "r"): bytes.append(UInt8(ascii: "\r"))
            case UInt8(ascii: "0")...UInt8(ascii: "7"):
                let digits = [letter] + rest.prefix(2)
                bytes.append(UInt8(String(decoding: digits, as: UTF8.self), radix: 8) ?? 0)
                rest = rest.dropFirst(2)
            default: bytes.append(letter)
            }
        }
        return bytes
    }

    /// The beginning of an input, written as the lines of the files are.
    static func excerpt(of input: [UInt8], bytes longest: Int = 400) -> String {
        let shown = input.prefix(longest).map(escaped).joined()
        return input.count > longest ? "\(shown) … \(input.count - longest) bytes more" : shown
    }

    private static func escaped(_ byte: UInt8) -> String {
        switch byte {
        case UInt8(ascii: "\n"): return "\\n"
        case UInt8(ascii: "\r"): return "\\r"
        case UInt8(ascii: "\\"): return "\\\\"
        case 0x20..<0x7F: return String(UnicodeScalar(byte))
        default:
            let digits = String(byte, radix: 8)
            return "\\" + String(repeating: "0", count: 3 - digits.count) + digits
        }
    }
}
