import Foundation
import TestSupport

/// Every write of a server in the order in which it took effect: its append-only file.
///
/// What a script wrote stands there command by command, between `MULTI` and `EXEC`.
struct WriteLog {
    /// Writes that took effect together.
    typealias Step = [[[UInt8]]]

    /// The steps, in order.
    let steps: [Step]

    /// Lets a server keep the log, which need not reach the disk.
    static let kept = RedisServer.Configuration(lines: [
        "appendonly yes", "appendfsync no", "auto-aof-rewrite-percentage 0",
    ])

    /// Reads what a server has written so far.
    init(of server: RedisServer) throws {
        let path = "\(server.directory.path)/appendonlydir/appendonly.aof.1.incr.aof"
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        steps = try [UInt8](data).withUnsafeBufferPointer { try Self.steps(of: $0) }
    }

    private static func steps(of bytes: UnsafeBufferPointer<UInt8>) throws -> [Step] {
        var steps: [Step] = []
        var transaction: Step?
        var position = 0
        // `*3\r\n` and `$5\r\n`: the number of parts, and the length of each.
        func number(after mark: Character) throws -> Int {
            guard position < bytes.count, bytes[position] == mark.asciiValue else {
                throw SupportError("the append-only file has no \(mark) at \(position)")
            }
            var value = 0
            position += 1
            while bytes[position] != 13 {
                value = value * 10 + Int(bytes[position]) - 48
                position += 1
            }
            position += 2
            return value
        }
        while position < bytes.count {
            var command: [[UInt8]] = []
            for _ in 0..<(try number(after: "*")) {
                let length = try number(after: "$")
                command.append(Array(bytes[position..<position + length]))
                position += length + 2
            }
            switch (String(decoding: command.first ?? [], as: UTF8.self).uppercased(), transaction) {
            case ("MULTI", _): transaction = []
            case ("EXEC", let done?):
                steps.append(done)
                transaction = nil
            case (_, nil): steps.append([command])
            case (_, _?): transaction?.append(command)
            }
        }
        return steps
    }
}
