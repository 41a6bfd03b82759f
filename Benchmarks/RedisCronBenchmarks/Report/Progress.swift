import Foundation

/// What is under way, on standard error.
enum Progress {
    static func note(_ line: String) {
        FileHandle.standardError.write(Data("\(line)\n".utf8))
    }
}
