extension ZoneTable {
    /// A zone that follows a rule at all times.
    init(rule: POSIXTimeZone) {
        self.init(offset: rule.standardOffset, transitions: [], rule: rule, from: 1900)
    }

    /// A zone with recorded transitions up to some `year`, and a rule for all that comes after the last of them.
    init(offset: Int, transitions: [(instant: Int, offset: Int)], rule: POSIXTimeZone, from year: Int) {
        let last = transitions.last?.instant ?? .min
        if rule.daylight == nil {
            // Mostly what the last transition says already, and then it adds no span.
            let settled = transitions.last.map { [($0.instant, rule.standardOffset)] } ?? []
            self.init(offset: transitions.isEmpty ? rule.standardOffset : offset, transitions: transitions + settled)
            return
        }
        // The year before is there for a rule whose change lies in the days around New Year; the years after the
        // horizon, for readings and ends of spans that reach beyond it.
        let ruled = rule.transitions(in: year - 1...year + 406).filter { $0.instant > last }
        let horizon = CivilDate(year: year + 402, month: 1, day: 1).dayNumber * .secondsPerDay
        self.init(offset: offset, transitions: transitions + ruled, horizon: horizon)
    }
}
