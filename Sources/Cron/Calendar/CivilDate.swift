/// A date of the proleptic Gregorian calendar, converted to and from a day count by arithmetic alone.
///
/// The conversion counts in years that begin on 1 March. A leap day is then the last day of its year, and months have a
/// closed form. `RQWire` has the same twenty lines for its timestamps: the two modules do not depend on each other.
struct CivilDate: Equatable {
    var year: Int
    var month: Int
    var day: Int

    init(year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// The date that lies `dayNumber` days after 1970-01-01.
    init(dayNumber: Int) {
        let shifted = dayNumber + Self.daysFromMarchOfYearZero
        let era = shifted.flooredQuotient(by: Self.daysPerEra)
        let dayOfEra = shifted - era * Self.daysPerEra
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// Days from 1970-01-01 to this date.
    var dayNumber: Int {
        let yearFromMarch = month <= 2 ? year - 1 : year
        let era = yearFromMarch.flooredQuotient(by: 400)
        let yearOfEra = yearFromMarch - era * 400
        let monthFromMarch = month > 2 ? month - 3 : month + 9
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * Self.daysPerEra + dayOfEra - Self.daysFromMarchOfYearZero
    }

    static func isLeap(_ year: Int) -> Bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    /// The number of days in a month.
    static func length(ofMonth month: Int, year: Int) -> Int {
        if month == 2 { return isLeap(year) ? 29 : 28 }
        // Months alternate 31 and 30 days, and the alternation restarts in August.
        return 30 + (month + month >> 3) & 1
    }

    /// The weekday of a day number, Sunday being 0 as in a crontab.
    static func weekday(dayNumber: Int) -> Int {
        (dayNumber + 4).flooredRemainder(by: 7)
    }

    /// Days in 400 years, after which the calendar repeats, weekdays included.
    static let daysPerEra = 146_097

    private static let daysFromMarchOfYearZero = 719_468
}

extension Int {
    /// Division that rounds towards negative infinity; `divisor` is positive.
    func flooredQuotient(by divisor: Int) -> Int {
        self >= 0 ? self / divisor : (self + 1) / divisor - 1
    }

    /// The remainder that goes with ``flooredQuotient(by:)``: never negative.
    func flooredRemainder(by divisor: Int) -> Int {
        self - flooredQuotient(by: divisor) * divisor
    }

    static let secondsPerDay = 86_400
}
