/// Recognizes what other tools write, for users who come from there.
enum CronDialect {
    /// What to write instead of an expression that is refused here but valid elsewhere; `nil` if it is not recognized.
    static func hint(aboutRefused text: String) -> String? {
        let words = text.split { $0.isWhitespace }.map { $0.lowercased() }
        guard let first = words.first, let last = words.last else { return nil }
        if first.hasPrefix("cron_tz=") || first.hasPrefix("tz=") || isZone(last) {
            return "give the time zone apart from the expression: --timezone, or the field timezone"
        }
        if first.hasPrefix("cron(") {
            return "write only the first five columns of AWS' cron(…), with Sunday as 0"
        }
        if first == "@every" || first == "every" || first.hasPrefix("rate(") {
            return "give an interval as such: --interval, or every 5m in a file"
        }
        if first == "@reboot" { return "a definition cannot be scheduled for the start of a machine" }
        guard words.count >= 5 else { return nil }
        if entries(of: words[2]).contains(where: { $0 == "lw" || $0 == "wl" }) {
            return "the last working day of a month cannot be expressed here; the last day is L"
        }
        if let day = entries(of: words[4]).first(where: isLastWeekday) {
            return """
                the last Friday of a month is written L5 here, with Sunday as 0; \(day) is another tool's form, and Quartz \
                counts from 1
                """
        }
        guard words.count >= 6 else { return nil }
        if words[5] == "?" || isLastWeekday(words[5]) || isWeekdayName(words[5]) {
            return "the sixth column is for seconds here; Quartz and Spring put them first"
        }
        if words.count == 6, words[5].count == 4, let year = Int(words[5]), YearSet.range.contains(year) {
            return "the sixth column is for seconds here, and years are the seventh, unlike AWS' sixth"
        }
        return nil
    }

    private static func entries(of column: String) -> [Substring] { column.split(separator: ",") }

    /// `Europe/Berlin`, `UTC`: some tools put it after the columns of an expression.
    private static func isZone(_ word: String) -> Bool {
        if ["utc", "gmt", "local"].contains(word) { return true }
        let parts = word.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count >= 2 && parts.allSatisfy { $0.first?.isLetter == true && $0.count > 2 }
    }

    /// `5L`, `friL`.
    private static func isLastWeekday(_ word: some StringProtocol) -> Bool {
        guard word.hasSuffix("l"), word.count > 1 else { return false }
        let day = word.dropLast()
        return (day.count == 1 && day.allSatisfy { ("0"..."7").contains($0) }) || isWeekdayName(day)
    }

    private static func isWeekdayName(_ word: some StringProtocol) -> Bool {
        CronField.dayOfWeek.value(ofName: Array(word.prefix { $0.isLetter }.utf8)) != nil
    }
}

extension CronExpression {
    /// A warning about an expression that other tools read differently; `nil` if there is nothing to warn of, or the text is
    /// not an expression.
    ///
    /// With six columns whose last is a star, or seven that end with two stars, it runs in every second of its minutes.
    ///
    /// - Parameter id: The id of the definition, which `H` needs.
    package static func caution(about text: String, id: String? = nil) -> String? {
        let columns = CronSource.columns(of: Array(text.utf8)).count
        // With years named, the column before them is meant for seconds.
        guard columns == 6 || columns == 7 && text.split(whereSeparator: \.isWhitespace).last == "*",
            let expression = try? CronExpression(text, id: id ?? ""), expression.seconds.nonzeroBitCount == 60
        else { return nil }
        let cure = columns == 6 ? "without that column it runs once" : "with five columns it runs once"
        return """
            the sixth column is for seconds, so this runs 60 times in each minute that it names; \(cure). Elsewhere the sixth is a year (AWS), or seconds come first (Quartz, Spring)
            """
    }

    /// Whether a word is valid in a column, even if its date never comes.
    package static func reads(_ word: String, as field: CronField) -> Bool {
        // Most words are names, and their first letter tells.
        guard let first = word.utf8.first.map(CronSource.lowercased) else { return false }
        let begins = field == .dayOfWeek ? "0123456789*?hrlsmtwf" : "0123456789*hr"
        guard begins.utf8.contains(first), !word.contains(where: \.isWhitespace) else { return false }
        var columns = [String](repeating: "*", count: max(5, field.rawValue + 1))
        columns[field.rawValue] = word
        do {
            _ = try CronExpression(columns.joined(separator: " "), id: "")
            return true
        } catch {
            return error.code == .neverMatches
        }
    }
}
