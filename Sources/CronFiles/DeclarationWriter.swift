import RQWire

/// Writes declarations one after the other, in either form, in little memory however many there are.
///
/// JSON is written at once, with a definition a line. The crontab-like text has columns whose widths are known at the end: until then
/// its lines are held.
package struct DeclarationWriter: Sendable {
    /// The lengths of a line's columns, the call among them.
    private struct Line {
        let columns: (UInt32, UInt32, UInt32, UInt32)
    }

    private static let pieceSize = 1 << 18
    /// Lines that are given out in one go.
    private static let portion = 500

    private let source: String?
    private let isCrontab: Bool
    private var isBegun = false
    private var hasJobs = false
    private var isDone = false
    // What is held of a crontab-like text.
    private var lines: [Line] = []
    private var pieces: [[UInt8]] = []
    private var widths = (0, 0, 0)
    private var given = (line: 0, piece: 0, offset: 0)

    /// - Parameters:
    ///   - source: The name of the source, for the file to say.
    ///   - isCrontab: Whether the crontab-like text is written, and JSON otherwise.
    package init(source: String?, isCrontab: Bool) {
        self.source = source
        self.isCrontab = isCrontab
    }

    /// Appends a declaration, or holds it until the end.
    package mutating func append(_ job: CronJobDeclaration, to bytes: inout [UInt8]) {
        begin(&bytes)
        guard isCrontab else {
            bytes.append(contentsOf: (hasJobs ? ",\n  " : "\n  ").utf8)
            job.appendJSON(to: &bytes)
            hasJobs = true
            return
        }
        let columns = job.crontabColumns
        let line = columns.reduce(into: [UInt8]()) { $0 += $1.utf8 }
        if pieces.last.map({ $0.count + line.count > Self.pieceSize }) ?? true {
            pieces.append([])
            pieces[pieces.count - 1].reserveCapacity(max(Self.pieceSize, line.count))
        }
        pieces[pieces.count - 1] += line
        let counts = columns.map { UInt32($0.utf8.count) }
        lines.append(Line(columns: (counts[0], counts[1], counts[2], counts[3])))
        widths = (
            max(widths.0, columns[0].unicodeScalars.count), max(widths.1, columns[1].unicodeScalars.count),
            max(widths.2, columns[2].unicodeScalars.count)
        )
    }

    /// Appends a part of what is left once all declarations were given.
    ///
    /// - Returns: Whether there is more; call it again then.
    package mutating func appendRest(to bytes: inout [UInt8]) -> Bool {
        guard !isDone else { return false }
        begin(&bytes)
        guard isCrontab else {
            bytes += Array((hasJobs ? "\n]}\n" : "]}\n").utf8)
            isDone = true
            return false
        }
        for _ in 0..<Self.portion where given.line < lines.count { appendLine(to: &bytes) }
        isDone = given.line == lines.count
        return !isDone
    }

    private mutating func begin(_ bytes: inout [UInt8]) {
        guard !isBegun else { return }
        isBegun = true
        guard !isCrontab else {
            if let source { bytes += Array("SOURCE = \(source)\n".utf8) }
            return
        }
        bytes.append(UInt8(ascii: "{"))
        if let source {
            bytes += Array("\"source\": ".utf8)
            JSONValue.string(source).appendPythonJSON(to: &bytes, style: .spaced)
            bytes += Array(", ".utf8)
        }
        bytes += Array("\"jobs\": [".utf8)
    }

    private mutating func appendLine(to bytes: inout [UInt8]) {
        let line = lines[given.line].columns
        while given.offset == pieces[given.piece].count {
            // It is not needed any more.
            pieces[given.piece] = []
            given = (given.line, given.piece + 1, 0)
        }
        for (count, width) in [(line.0, widths.0), (line.1, widths.1), (line.2, widths.2)] {
            let column = pieces[given.piece][given.offset..<given.offset + Int(count)]
            bytes += column
            // Code points: all but the bytes that go on with one.
            let length = column.count { $0 & 0xC0 != 0x80 }
            bytes.append(contentsOf: repeatElement(0x20, count: width - length + 2))
            given.offset += Int(count)
        }
        bytes += pieces[given.piece][given.offset..<given.offset + Int(line.3)]
        bytes.append(UInt8(ascii: "\n"))
        given.offset += Int(line.3)
        given.line += 1
    }
}
