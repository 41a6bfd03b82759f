package import TestSupport

/// One stretch in the life of a server with an append-only file: what it had at its beginning, and all that was done since,
/// as far as it saw it.
package struct Stretch: Sendable {
    package let server: Int
    /// Commands that make what the server had at the beginning; none for a server that began empty.
    package let base: [LoggedCommand]
    package let steps: [LoggedStep]

    package init(server: Int, base: [LoggedCommand] = [], steps: [LoggedStep]) {
        self.server = server
        self.base = base
        self.steps = steps
    }
}

/// Finds out of what several servers wrote down what became of the data that one of them has in the end, from the beginning
/// on, through all servers that had it before.
///
/// Pure. A server that takes over another one's data begins a stretch with a copy. The copy is that of the other one's
/// data at one moment; there its history continues. What that other one did afterwards is no part of the history unless the
/// copy's server saw it too: it was lost.
///
/// In a cluster the keys also move from node to node. The run writes a mark before each move, and moves the mark first; it
/// writes another one after it, so that what the new node has is not what the old one had. What
/// a node did since a mark arrived, until it wrote the next one and gave away the last key, is the history between two moves.
package struct Lineage: Sendable {
    private let stretches: [Stretch]
    /// How many steps of which other stretch come before each one; `nil` for one that began empty.
    private let origins: [(stretch: Int, count: Int)?]

    /// - Throws: ``SupportError`` when nobody ever had what a stretch began with: a stretch is missing then.
    package init(_ stretches: [Stretch]) throws(SupportError) {
        self.stretches = stretches
        let starts = stretches.map { stretch in
            var copy = DataCopy()
            for command in stretch.base { copy.apply(command) }
            return copy
        }
        var wanted: [Int: [Int]] = [:]
        for index in stretches.indices where !starts[index].isEmpty {
            wanted[starts[index].fingerprint, default: []].append(index)
        }
        var origins: [(stretch: Int, count: Int)?] = Array(repeating: nil, count: stretches.count)
        for (index, stretch) in stretches.enumerated() {
            var copy = starts[index]
            for (count, step) in stretch.steps.enumerated() {
                for command in step.commands { copy.apply(command) }
                for other in wanted[copy.fingerprint] ?? [] where origins[other] == nil && other != index {
                    origins[other] = (index, count + 1)
                }
            }
        }
        for index in stretches.indices where !starts[index].isEmpty && origins[index] == nil {
            throw SupportError(
                "server \(stretches[index].server) began with \(starts[index].count) definitions and marks as nobody had them, so "
                    + "the history is incomplete")
        }
        self.origins = origins
    }

    /// The history of the data that a server has at the end, and what others did that is no part of it.
    ///
    /// - Parameter moves: For each move of all keys to another server the one that they came from, in order.
    /// - Throws: ``SupportError`` when a mark is missing.
    package func history(
        endingAt last: Int, moves: [Int] = []
    ) throws(SupportError) -> (official: [LoggedStep], lost: [LoggedStep]) {
        var parts: [[LoggedStep]] = []
        for number in 0...moves.count {
            let isLast = number == moves.count
            let server = isLast ? last : moves[number]
            let leaving = Self.mark(number + 1)
            guard
                let end = stretches.indices.last(where: { index in
                    stretches[index].server == server
                        && (isLast || stretches[index].steps.contains { $0.writesMark(leaving) })
                })
            else { throw SupportError("server \(server) has no mark of move \(number + 1)") }
            var part = strand(endingAt: end)
            if !isLast, let mark = part.lastIndex(where: { $0.writesMark(leaving) }),
                let comeback = part[mark...].firstIndex(where: { !$0.arrivals.isEmpty })
            {
                part.removeSubrange(comeback...)
            }
            if number > 0 {
                // Later moves take the mark with them, so that it may have come before, too.
                guard let start = part.lastIndex(where: { $0.arrivals.contains(Self.mark(number)) }) else {
                    throw SupportError("server \(server) has no mark of the keys that came with move \(number)")
                }
                part.removeFirst(start)
            }
            parts.append(part)
        }
        let known = Dictionary(parts.joined().map { ($0.commands, 1) }, uniquingKeysWith: +)
        for number in moves.indices {
            parts[number] = Self.withoutDepartures(
                parts[number], mark: Self.mark(number + 1), moved: Set(parts[number + 1].flatMap(\.arrivals)))
        }
        var seen: Set<[LoggedCommand]> = []
        let lost = stretches.flatMap(\.steps).filter { step in
            step.arrivals.isEmpty && known[step.commands] == nil && seen.insert(step.commands).inserted
        }
        return (parts.joined().filter { $0.arrivals.isEmpty }, lost + repeatedDeletions(beyond: known))
    }

    /// Deletions that were lost, whereas the history has others of the same keys.
    ///
    /// Every other step tells a time or a number, and is like no second one. These are counted: a server that saw one more
    /// than the history has saw a lost one.
    private func repeatedDeletions(beyond known: [[LoggedCommand]: Int]) -> [LoggedStep] {
        var lost: [LoggedStep] = []
        var seen: Set<[LoggedCommand]> = []
        for index in stretches.indices {
            var left = known
            for step in strand(endingAt: index) where step.deletedKeys != nil {
                guard let count = left[step.commands] else { continue }
                left[step.commands] = count - 1
                if count < 1, seen.insert(step.commands).inserted { lost.append(step) }
            }
        }
        return lost
    }

    /// All that was done to the data that a server had at the end of a stretch.
    private func strand(endingAt index: Int) -> [LoggedStep] {
        var parts = [stretches[index].steps[...]]
        var current = index
        while let origin = origins[current] {
            parts.append(stretches[origin.stretch].steps.prefix(origin.count))
            current = origin.stretch
        }
        return Array(parts.reversed().joined())
    }

    /// What was done until the keys were gone, without that each of them went.
    ///
    /// A key's last deletion is its departure if it arrived elsewhere. One that expires on its way departs with others and
    /// arrives nowhere.
    private static func withoutDepartures(_ part: [LoggedStep], mark: String, moved: Set<String>) -> [LoggedStep] {
        guard let start = part.firstIndex(where: { $0.writesMark(mark) }) else { return part }
        var waiting = moved
        var kept: [LoggedStep] = []
        for step in part[start...].reversed() {
            if let keys = step.deletedKeys, !waiting.isDisjoint(with: keys) {
                waiting.subtract(keys)
            } else {
                kept.append(step)
            }
        }
        return part[..<start] + kept.reversed()
    }

    /// The key of the mark that is written before the move of that number, which counts from 1.
    static func mark(_ number: Int) -> String { "\(RedisKeys.movePrefix)\(number)" }
}

extension LoggedStep {
    /// The keys that come from another node of a cluster with this step.
    fileprivate var arrivals: [String] {
        commands.compactMap { $0.name == LoggedCommand.arrival ? $0.arguments.first : nil }
    }

    fileprivate func writesMark(_ key: String) -> Bool {
        commands.contains { $0.name == "SET" && $0.arguments.first == key }
    }

    /// The keys that this step deletes, if it does nothing else.
    fileprivate var deletedKeys: [String]? {
        commands.allSatisfy { $0.name == "DEL" || $0.name == "UNLINK" } ? commands.flatMap(\.arguments) : nil
    }
}

/// The hashes of all definitions and the marks at one moment, and a number that says whether two copies are the same.
private struct DataCopy {
    private var entries: [String: [String: String]] = [:]
    private(set) var fingerprint = 0

    var isEmpty: Bool { entries.isEmpty }
    var count: Int { entries.count }

    mutating func apply(_ command: LoggedCommand) {
        switch command.name {
        case "HSET", "HMSET":
            guard let id = command.definition else { return }
            change(id) { $0.merge(command.hashFields) { _, new in new } }
        case "HDEL":
            guard let id = command.arguments.first.flatMap(RedisKeys.definition) else { return }
            change(id) { fields in for name in command.arguments.dropFirst() { fields[name] = nil } }
        case LoggedCommand.arrival:
            guard let key = command.arguments.first else { return }
            let fields = Self.isMark(key) ? ["mark": "1"] : LoggedCommand("HSET", command.arguments).hashFields
            if let entry = Self.entry(key) { change(entry) { $0 = fields } }
        case "SET":
            if let key = command.arguments.first, Self.isMark(key) { change(key) { $0 = ["mark": "1"] } }
        case "DEL", "UNLINK":
            for entry in command.arguments.compactMap(Self.entry) { change(entry) { $0 = [:] } }
        default: break
        }
    }

    private static func isMark(_ key: String) -> Bool { key.hasPrefix(RedisKeys.movePrefix) }

    /// What a key is called here: a definition by its id.
    private static func entry(_ key: String) -> String? { isMark(key) ? key : RedisKeys.definition(key) }

    private mutating func change(_ id: String, _ body: (inout [String: String]) -> Void) {
        var fields = entries[id] ?? [:]
        fingerprint ^= Self.fingerprint(id, fields)
        body(&fields)
        fingerprint ^= Self.fingerprint(id, fields)
        entries[id] = fields.isEmpty ? nil : fields
    }

    private static func fingerprint(_ id: String, _ fields: [String: String]) -> Int {
        guard !fields.isEmpty else { return 0 }
        var hasher = Hasher()
        hasher.combine(id)
        hasher.combine(fields)
        return hasher.finalize()
    }
}
