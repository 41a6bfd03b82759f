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
}
