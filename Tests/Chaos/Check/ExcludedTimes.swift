import Foundation

/// Times at which a definition must not be planned: a cron expression whose minutes or seconds alone are restricted, so that
/// it needs no calendar.
struct ExcludedTimes: Sendable, Hashable {
    private let minutes: Set<Int64>
    /// Of a minute that is excluded; all of them where the expression names none.
    private let seconds: Set<Int64>

    /// Reads the field `exclude` of a definition, a JSON list; `nil` for what no chaos run registers.
    static func list(_ text: String) -> [ExcludedTimes]? {
        if text.isEmpty { return [] }
        guard let expressions = try? JSONDecoder().decode([String].self, from: Data(text.utf8)) else { return nil }
        let list = expressions.compactMap { ExcludedTimes($0) }
        return list.count == expressions.count ? list : nil
    }

    private init?(_ expression: String) {
        let fields = expression.split(separator: " ")
        guard fields.count == 5 || fields.count == 6, fields[1..<5].allSatisfy({ $0 == "*" }),
            let minutes = Self.values(fields[0]), let seconds = Self.values(fields.count == 6 ? fields[5] : "*")
        else { return nil }
        self.minutes = minutes
        self.seconds = seconds
    }

    /// What a field stands for: `*`, `*/N`, or numbers and ranges with commas in between.
    private static func values(_ field: Substring) -> Set<Int64>? {
        if field == "*" { return Set(0..<60) }
        if field.hasPrefix("*/") {
            return Int64(field.dropFirst(2)).flatMap { step in
                step > 0 ? Set(stride(from: 0, to: 60, by: Int64.Stride(step))) : nil
            }
        }
        var values: Set<Int64> = []
        for part in field.split(separator: ",") {
            let ends = part.split(separator: "-").compactMap { Int64($0) }
            guard let first = ends.first, let last = ends.last, ends.count <= 2, first <= last else { return nil }
            values.formUnion(first...last)
        }
        return values
    }

    func contains(_ time: WireTime) -> Bool {
        let second = time.microseconds / 1_000_000
        return minutes.contains(second / 60 % 60) && seconds.contains(second % 60)
    }
}
