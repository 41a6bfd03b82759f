/// Expressions for programs that know nothing of a definition's id, read them with a croniter of their own, and ask for the next
/// time at once: RQ does when it reads a scheduler's entry in its registry.
extension CronExpression {
    /// How far another program's clock and zone may be from ours, and how long after ours it may ask, in seconds.
    private static let leeway = 3 * Int.secondsPerDay

    /// The text of an expression in the plain form, with `H` and `R` as numbers; `nil` where such a program may fail.
    ///
    /// It fails where no further time follows within 50 years: the years of the expression are over, or soon will be. It also fails
    /// at `W`, which croniter reads from version 7 on. Everything else that is read here is read by croniter 5 and later.
    ///
    /// - Parameters:
    ///   - id: The id of the definition, from which `H` takes its value.
    ///   - now: The present as a Unix time.
    package static func plainText(of text: String, id: String, now: Int64) -> String? {
        guard let expression = try? CronExpression(text, id: id), !expression.days.hasNearestWorkingDay,
            let plain = try? resolvingFields(text, id: id)
        else { return nil }
        return expression.goesOn(around: Int(now)) ? plain : nil
    }

    /// Whether a further time follows within reach, whichever instant near the present is asked about.
    private func goesOn(around now: Int) -> Bool {
        let (earliest, latest) = (now - Self.leeway, now + Self.leeway)
        guard nextReading(after: earliest) != nil, let last = nextReading(after: latest) else { return false }
        // Between the two the search may end up to a year earlier than from the second.
        return Self.year(of: last) < Self.year(of: earliest) + Self.searchedYears
    }

    private static func year(of reading: Int) -> Int {
        CivilDate(dayNumber: reading.flooredQuotient(by: .secondsPerDay)).year
    }
}
