/// Many byte strings, each held once: ids of definitions, or texts that definitions share.
///
/// The bytes lie in large pieces, and each string takes some twenty bytes besides. In an array each would have an allocation of
/// its own, and take three times as much.
package struct InternedBytes: Sendable {
    private struct Place {
        let piece: UInt32
        let offset: UInt32
        let count: UInt32
    }

    private static let pieceSize = 1 << 18

    private var pieces: [[UInt8]] = []
    private var places: [Place] = []
    private var index = PlaceIndex()

    /// No strings.
    package init() {}

    /// How many strings there are.
    package var count: Int { places.count }

    /// Whether there are none.
    package var isEmpty: Bool { places.isEmpty }

    /// A string as an id, by the place that ``insert(_:)`` gave it: the first one has 0.
    package subscript(place: Int) -> DefinitionID {
        withBytes(of: place) { DefinitionID(bytes: Array($0)) }
    }

    /// Adds a string.
    ///
    /// - Returns: Its place, and whether it was not there before.
    @discardableResult
    package mutating func insert(_ id: UnsafeRawBufferPointer) -> (place: Int, isNew: Bool) {
        let hash = DefinitionID.hash(of: id)
        if let place = place(of: id, hash: hash) { return (place, false) }
        append(id)
        index.insert(places.count - 1, hash: hash)
        return (places.count - 1, true)
    }

    /// Adds an id.
    @discardableResult
    package mutating func insert(_ id: DefinitionID) -> (place: Int, isNew: Bool) {
        id.bytes.withUnsafeBytes { insert($0) }
    }

    /// Adds a text.
    ///
    /// - Returns: Its place.
    package mutating func insert(_ text: String) -> UInt32 {
        var text = text
        return text.withUTF8 { UInt32(insert(UnsafeRawBufferPointer($0)).place) }
    }

    /// The place of an id; `nil` where it is not among them.
    package func place(of id: DefinitionID) -> Int? {
        id.bytes.withUnsafeBytes { place(of: $0, hash: DefinitionID.hash(of: $0)) }
    }

    /// Whether it is among them.
    package func contains(_ id: DefinitionID) -> Bool { place(of: id) != nil }

    /// The places in the order of the strings, byte by byte.
    ///
    /// Eight bytes of each are compared, and the next eight of those that are equal so far: to look at the strings themselves in each
    /// comparison would mostly wait for memory.
    package func sorted() -> [UInt32] {
        var keyed = places.indices.map { (key: UInt64(0), place: UInt32($0)) }
        // What is equal up to a position, and so in no order yet.
        var unsorted = keyed.isEmpty ? [] : [(range: 0..<keyed.count, position: 0)]
        keyed.withUnsafeMutableBufferPointer { keyed in
            while let (range, position) = unsorted.popLast() {
                var group = UnsafeMutableBufferPointer(rebasing: keyed[range])
                for index in group.indices {
                    group[index].key = withBytes(of: Int(group[index].place)) { Self.key(of: $0, from: position) }
                }
                group.sort { $0.key < $1.key }
                var start = 0
                while start < group.count {
                    var end = start + 1
                    while end < group.count, group[end].key == group[start].key { end += 1 }
                    var equal = UnsafeMutableBufferPointer(rebasing: group[start..<end])
                    if let next = nextPosition(equal, after: position + 8, isWhole: equal.count == group.count) {
                        unsorted.append((range.lowerBound + start..<range.lowerBound + end, next))
                    } else if equal.count > 1 {
                        // What is missing counts as 0: they differ in how many of these they end with.
                        equal.sort { places[Int($0.place)].count < places[Int($1.place)].count }
                    }
                    start = end
                }
            }
        }
        return keyed.map(\.place)
    }

    /// From where on strings have to be compared that are equal up to a position; `nil` where nothing is left to compare.
    ///
    /// - Parameter isWhole: Whether the bytes before told none of them apart: then all that they have in common is passed over.
    private func nextPosition(
        _ equal: UnsafeMutableBufferPointer<(key: UInt64, place: UInt32)>, after position: Int, isWhole: Bool
    ) -> Int? {
        guard equal.count > 1, equal.contains(where: { places[Int($0.place)].count > position }) else { return nil }
        return isWhole ? max(position, sharedPrefix(of: equal)) : position
    }

    /// Lends the bytes of a string.
    package func withBytes<Result>(of place: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let place = places[place]
        return pieces[Int(place.piece)].withUnsafeBytes { piece in
            body(UnsafeRawBufferPointer(rebasing: piece[Int(place.offset)..<Int(place.offset + place.count)]))
        }
    }

    private mutating func append(_ id: UnsafeRawBufferPointer) {
        let hasRoom = pieces.last.map { $0.count + id.count <= Self.pieceSize } ?? false
        if !hasRoom {
            var piece: [UInt8] = []
            piece.reserveCapacity(max(Self.pieceSize, id.count))
            pieces.append(piece)
        }
        let last = pieces.count - 1
        places.append(Place(piece: UInt32(last), offset: UInt32(pieces[last].count), count: UInt32(id.count)))
        pieces[last].append(contentsOf: id)
    }

    private func place(of id: UnsafeRawBufferPointer, hash: Int) -> Int? {
        index.place(underHash: hash) { withBytes(of: $0) { $0.consists(of: id) } }
    }

    /// How many bytes strings begin with in common.
    private func sharedPrefix(of strings: UnsafeMutableBufferPointer<(key: UInt64, place: UInt32)>) -> Int {
        withBytes(of: Int(strings[0].place)) { first in
            strings.reduce(first.count) { shared, string in
                withBytes(of: Int(string.place)) { id in
                    var length = 0
                    while length < min(shared, id.count), id[length] == first[length] { length += 1 }
                    return length
                }
            }
        }
    }

    /// The eight bytes from a position on as a number with the same order; what is missing counts as 0.
    private static func key(of id: UnsafeRawBufferPointer, from start: Int) -> UInt64 {
        var key: UInt64 = 0
        for position in start..<start + 8 { key = key << 8 | (position < id.count ? UInt64(id[position]) : 0) }
        return key
    }
}
