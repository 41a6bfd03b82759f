/// Says whether what a soak uses stays flat: whether its second half grows.
///
/// Pure. The first half is warm-up. Of the second half the medians of its two parts are compared, since a single sample
/// may catch a burst.
package struct SoakVerdict: Sendable {
    /// What a scheduler's memory may grow by: a twentieth, and a MiB for what the allocator keeps.
    package static let memorySlack = (share: 20, bytes: 1 << 20)
    /// What its descriptors may grow by: a connection that is just made anew.
    package static let descriptorSlack = 2
    /// What the keys may grow by, and each part of what is kept of runs: a fiftieth, and some jobs that the consumer has not taken yet.
    package static let keySlack = (share: 50, keys: 500)

    /// What grew, one sentence each.
    package let growth: [String]

    package init(_ samples: [SoakSample]) {
        let half = Array(samples.dropFirst(samples.count / 2))
        let before = Array(half.prefix(half.count / 2))
        let after = Array(half.dropFirst(half.count / 2))
        guard !before.isEmpty, let schedulers = samples.last?.memory.count else {
            growth = ["there are too few samples to say anything: \(samples.count)"]
            return
        }
        var growth: [String] = []
        func compare(_ name: String, _ value: (SoakSample) -> Int, slack: (Int) -> Int) {
            let (old, new) = (Self.median(before.map(value)), Self.median(after.map(value)))
            if new > old + slack(old) { growth.append("\(name) grew from \(old) to \(new)") }
        }
        for index in 0..<schedulers {
            compare("the memory of scheduler \(index + 1)", { $0.memory[index] }) {
                $0 / Self.memorySlack.share + Self.memorySlack.bytes
            }
            compare("the file descriptors of scheduler \(index + 1)", { $0.descriptors[index] }) { _ in
                Self.descriptorSlack
            }
        }
        func compareKeys(_ name: String, _ value: (SoakSample) -> Int) {
            compare(name, value) { $0 / Self.keySlack.share + Self.keySlack.keys }
        }
        compareKeys("the number of keys in Redis", \.keys)
        for (index, part) in RunKeySizes().parts.enumerated() { compareKeys(part.name) { $0.runs.parts[index].size } }
        self.growth = growth
    }

    private static func median(_ values: [Int]) -> Int {
        values.sorted()[values.count / 2]
    }
}
