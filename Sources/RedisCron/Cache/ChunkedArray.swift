/// An array in chunks, which grows without copying what it holds.
struct ChunkedArray<Element> {
    private static var chunkBits: Int { 12 }
    private static var chunkSize: Int { 1 << chunkBits }

    /// All are full but the last one, and none is empty.
    private var chunks: ContiguousArray<ContiguousArray<Element>> = []

    /// How many elements it holds.
    var count: Int {
        guard let last = chunks.last else { return 0 }
        return (chunks.count - 1) << Self.chunkBits + last.count
    }

    subscript(place: Int) -> Element {
        get { chunks[place >> Self.chunkBits][place & (Self.chunkSize - 1)] }
        _modify { yield &chunks[place >> Self.chunkBits][place & (Self.chunkSize - 1)] }
    }

    mutating func append(_ element: Element) {
        if chunks.last.map({ $0.count == Self.chunkSize }) ?? true { chunks.append([]) }
        chunks[chunks.count - 1].append(element)
    }

    mutating func removeLast() {
        chunks[chunks.count - 1].removeLast()
        if chunks[chunks.count - 1].isEmpty { chunks.removeLast() }
    }
}

extension ChunkedArray: Sendable where Element: Sendable {}
