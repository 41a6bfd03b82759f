/// Puts a range of an array in order, as if all of it had been sorted, in a time that grows with the length of the array and not
/// faster: the rest is only divided into what comes before and behind.
struct PartialSort {
    private let wanted: Range<Int>

    /// - Parameter wanted: The places that are to hold what a sorted array holds there.
    init(_ wanted: Range<Int>) {
        self.wanted = wanted
    }

    func sort<Element>(_ elements: inout [Element], by precedes: (Element, Element) -> Bool) {
        let wanted = wanted.clamped(to: 0..<elements.count)
        guard !wanted.isEmpty else { return }
        elements.withUnsafeMutableBufferPointer { elements in
            var parts = [0..<elements.count]
            while let part = parts.popLast() {
                guard part.overlaps(wanted) else { continue }
                if part.count <= 64 || wanted.lowerBound <= part.lowerBound && part.upperBound <= wanted.upperBound {
                    elements[part].sort(by: precedes)
                    continue
                }
                let middle = Self.divide(&elements, part, by: precedes)
                parts.append(part.lowerBound..<middle)
                parts.append(middle + 1..<part.upperBound)
            }
        }
    }

    /// Divides a part at the middle one of three elements.
    ///
    /// - Returns: Where that one stands now: before it nothing comes later, behind it nothing earlier.
    private static func divide<Element>(
        _ elements: inout UnsafeMutableBufferPointer<Element>, _ part: Range<Int>,
        by precedes: (Element, Element) -> Bool
    ) -> Int {
        let last = part.upperBound - 1
        // Drawn, so that no order of the elements makes it slow.
        let drawn = (0..<3).map { _ in Int.random(in: part) }.sorted { precedes(elements[$0], elements[$1]) }
        elements.swapAt(drawn[1], last)
        var border = part.lowerBound
        for index in part.lowerBound..<last where precedes(elements[index], elements[last]) {
            if index != border { elements.swapAt(index, border) }
            border += 1
        }
        elements.swapAt(border, last)
        return border
    }
}
