import Cron
import RQWire
import RedisCron

/// A schedule in words: as a sentence where it makes a short one, else as the hash has it.
struct ScheduleText: Sendable {
    /// `every weekday at 07:00`.
    let sentence: String
    /// The expression, where the sentence is another.
    let expression: String?

    init(interval: Duration?, cron: String?, id: String) {
        if let interval {
            sentence = Self.sentence(seconds: interval.wholeSeconds)
            expression = nil
        } else {
            let cron = cron ?? ""
            let words = (try? CronExpression(cron, id: id))?.sentence
            sentence = words ?? cron
            expression = words == nil ? nil : cron
        }
    }

    /// - Parameter text: The expression, or `every 300s`, as a listing has it.
    init(_ text: String, id: String) {
        if text.hasPrefix("every "), text.hasSuffix("s"), let seconds = Int(text.dropFirst(6).dropLast()) {
            self.init(interval: .seconds(seconds), cron: nil, id: id)
        } else {
            self.init(interval: nil, cron: text, id: id)
        }
    }

    private static func sentence(seconds: Int) -> String {
        for (unit, size) in [("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)]
        where seconds >= size && seconds.isMultiple(of: size) {
            let count = seconds / size
            return count == 1 ? "every \(unit)" : "every \(count) \(unit)s"
        }
        return "every \(seconds) seconds"
    }
}

/// Texts of any length, cut for show.
struct ShownText: Sendable {
    /// A text, at most so many characters of it, in a direction of its own.
    static func html(_ text: String, most: Int = 120) -> HTML {
        // The count of a text of 64 KiB takes its time: so many characters have at least as many bytes.
        guard text.utf8.count > most, text.count > most else { return "<bdi>\(text)</bdi>" }
        return "<bdi title=\"\(text.prefix(500))\">\(text.prefix(most - 1))…</bdi>"
    }
}
