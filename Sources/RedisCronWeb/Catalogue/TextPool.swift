/// Texts that many definitions share, each held once: functions, queues, schedules, sources.
///
/// A text that nobody uses any more gives its place to the next.
struct TextPool: Sendable {
    /// The place of a text.
    typealias Place = Int32
    /// The place of the empty text, which nobody counts.
    static let empty: Place = 0

    private(set) var texts: [String] = [""]
    private var uses: [Int32] = [1]
    private var places: [String: Place] = ["": 0]
    private var free: [Place] = []
    /// Grows with each text that comes or goes.
    private(set) var version = 0

    subscript(place: Place) -> String { texts[Int(place)] }

    /// Takes a text in for one more user.
    mutating func insert(_ text: String) -> Place {
        if text.isEmpty { return Self.empty }
        // Compared by bytes: to Swift canonically equivalent texts are equal.
        if let place = places[text], texts[Int(place)].utf8.elementsEqual(text.utf8) {
            uses[Int(place)] += 1
            return place
        }
        version += 1
        if let place = free.popLast() {
            texts[Int(place)] = text
            uses[Int(place)] = 1
            places[text] = place
            return place
        }
        let place = Place(texts.count)
        texts.append(text)
        uses.append(1)
        places[text] = place
        return place
    }

    /// Gives up one use of a text.
    mutating func remove(_ place: Place) {
        guard place != Self.empty else { return }
        uses[Int(place)] -= 1
        guard uses[Int(place)] == 0 else { return }
        version += 1
        let text = texts[Int(place)]
        if places[text] == place { places[text] = nil }
        texts[Int(place)] = ""
        free.append(place)
    }

    /// For each place how its text compares with the others, byte by byte.
    var ranks: [Int32] {
        let order = texts.indices.sorted { texts[$0].utf8.lexicographicallyPrecedes(texts[$1].utf8) }
        var ranks = [Int32](repeating: 0, count: texts.count)
        var rank: Int32 = 0
        for (position, place) in order.enumerated() {
            if position > 0, !texts[place].utf8.elementsEqual(texts[order[position - 1]].utf8) { rank += 1 }
            ranks[place] = rank
        }
        return ranks
    }
}
