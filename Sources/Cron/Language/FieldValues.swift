/// What one column admits, once parsed.
struct FieldValues {
    /// Plain numbers; years are counted from 1970.
    var numbers = ValueSet()
    /// The list has a star, which makes its other entries idle.
    var hasStar = false
    /// The list has an `L` (day of month).
    var hasLast = false
    /// `15W` (day of month): the day, else 0.
    var nearestWorkingDay: UInt8 = 0
    /// `5#2` and `L5` (day of week); their weekdays are among the numbers too.
    var occurrences = WeekdayOccurrences()

    /// Distinct entries of the list, the star and `L` being one each.
    var entryCount: Int { numbers.count + (hasStar ? 1 : 0) + (hasLast ? 1 : 0) }
}
