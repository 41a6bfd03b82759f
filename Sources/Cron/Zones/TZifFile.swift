/// The contents of a compiled time zone file: TZif, versions 1 to 4 (RFC 9636).
///
/// Leap seconds, abbreviations and the standard/UT indicators are skipped: local time on a POSIX clock does not depend on
/// them.
struct TZifFile {
    /// Transitions as recorded, in rising order.
    let transitions: [(instant: Int, offset: Int)]
    /// The offset before the first transition, or always when there is none and no rule.
    let initialOffset: Int
    /// The rule after the last transition; `nil` in version 1 and where the footer is empty.
    let rule: POSIXTimeZone?
    /// That rule as it is written.
    let ruleText: String?

    /// - Returns: `nil` unless the bytes are a complete and consistent TZif file.
    init?(_ bytes: [UInt8]) {
        guard let first = Header(bytes, at: 0) else { return nil }
        guard first.version >= UInt8(ascii: "2") else {
            guard let block = Self.block(bytes, header: first, timeSize: 4) else { return nil }
            (transitions, initialOffset) = block
            rule = nil
            ruleText = nil
            return
        }
        // From version 2 on, the first block is for old readers. The data with 64-bit times follows it.
        guard let header = Header(bytes, at: first.end(timeSize: 4)),
            let block = Self.block(bytes, header: header, timeSize: 8)
        else { return nil }
        (transitions, initialOffset) = block
        var footer = bytes.dropFirst(header.end(timeSize: 8))
        guard footer.popFirst() == UInt8(ascii: "\n"), let end = footer.firstIndex(of: UInt8(ascii: "\n")) else {
            return nil
        }
        footer = footer[..<end]
        if footer.isEmpty {
            rule = nil
            ruleText = nil
        } else {
            guard let parsed = POSIXTimeZone(footer) else { return nil }
            rule = parsed
            ruleText = String(decoding: footer, as: UTF8.self)
        }
    }

    /// The zone that the file describes.
    var table: ZoneTable {
        guard let rule else { return ZoneTable(offset: initialOffset, transitions: transitions) }
        guard let last = transitions.last else { return ZoneTable(rule: rule) }
        let year = CivilDate(dayNumber: last.instant.flooredQuotient(by: .secondsPerDay)).year
        return ZoneTable(offset: initialOffset, transitions: transitions, rule: rule, from: year)
    }

    private static func block(
        _ bytes: [UInt8], header: Header, timeSize: Int
    ) -> (transitions: [(instant: Int, offset: Int)], initialOffset: Int)? {
        guard header.typeCount > 0, header.end(timeSize: timeSize) <= bytes.count else { return nil }
        let types = header.dataStart + header.timeCount * (timeSize + 1)
        let offsets = (0..<header.typeCount).map {
            Int(Int32(truncatingIfNeeded: integer(bytes, at: types + $0 * 6, 4)))
        }
        var transitions: [(instant: Int, offset: Int)] = []
        transitions.reserveCapacity(header.timeCount)
        for index in 0..<header.timeCount {
            let time = integer(bytes, at: header.dataStart + index * timeSize, timeSize)
            let instant = timeSize == 4 ? Int(Int32(truncatingIfNeeded: time)) : time
            let type = Int(bytes[header.dataStart + header.timeCount * timeSize + index])
            guard type < offsets.count, instant > transitions.last?.instant ?? .min, instant < Self.endOfTime else {
                return nil
            }
            // Some files begin with a transition at the smallest time, which would leave no room for arithmetic.
            transitions.append((max(instant, -Self.endOfTime), offsets[type]))
        }
        return (transitions, offsets[0])
    }

    /// 18 billion years: far beyond every calendar, with room for arithmetic.
    private static let endOfTime = 1 << 59

    private static func integer(_ bytes: [UInt8], at position: Int, _ size: Int) -> Int {
        Int(truncatingIfNeeded: bytes[position..<position + size].reduce(into: UInt64(0)) { $0 = $0 << 8 | UInt64($1) })
    }

    private struct Header {
        let version: UInt8
        let dataStart: Int
        let timeCount: Int
        let typeCount: Int
        /// Bytes of abbreviations and indicators, which do not depend on the size of times.
        private let tailSize: Int
        private let leapCount: Int

        init?(_ bytes: [UInt8], at start: Int) {
            guard start + 44 <= bytes.count, bytes[start..<start + 4].elementsEqual("TZif".utf8) else { return nil }
            func count(_ index: Int) -> Int { TZifFile.integer(bytes, at: start + 20 + index * 4, 4) }
            version = bytes[start + 4]
            dataStart = start + 44
            tailSize = count(0) + count(1) + count(5)
            leapCount = count(2)
            timeCount = count(3)
            typeCount = count(4)
        }

        func end(timeSize: Int) -> Int {
            dataStart + timeCount * (timeSize + 1) + typeCount * 6 + tailSize + leapCount * (timeSize + 4)
        }
    }
}
