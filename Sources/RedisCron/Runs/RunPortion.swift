import RQWire

/// Runs that were queued at about the same time, as Redis holds them until they were looked at once.
///
/// Most jobs are short, so that the first look finds them over. In a portion they cost Redis a fraction of what each of them costs as a
/// member of the set of open runs. A portion is an element of a list, a JSON array of the ``TrackedRun/member`` of each run. It is taken
/// out as a whole, in the step that records what is over and puts the others into that set.
package struct RunPortion: Sendable, Hashable {
    package let runs: [TrackedRun]
    /// The element, as it stands in the list.
    package let bytes: [UInt8]

    /// The most runs of one, about two batches: they are recorded in one call of a script, which keeps Redis from others for a
    /// millisecond or two.
    package static let most = 200

    package init(_ runs: [TrackedRun]) {
        self.runs = runs
        bytes = JSONValue.array(runs.map(\.json)).compactBytes
    }

    /// Two are the same if they stand in the list as the same element.
    package static func == (one: RunPortion, other: RunPortion) -> Bool { one.bytes == other.bytes }

    /// By its length and its first run: the bytes of two hundred runs take longer to hash than to compare.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(bytes.count)
        hasher.combine(runs.first?.jobID)
    }

    /// Reads an element, of which what is no run is left out; `nil` for anything else.
    package init?(_ bytes: [UInt8]) {
        guard let members = (try? JSONValue(parsing: bytes))?.array else { return nil }
        runs = members.compactMap { TrackedRun($0) }
        self.bytes = bytes
    }

    /// Whether an element may hold runs of a definition, without reading all of it.
    static func mayHold(_ element: [UInt8], runsOf definition: DefinitionID) -> Bool {
        let start = Array("[".utf8) + JSONValue.string(definition.display).compactBytes + [UInt8(ascii: ",")]
        return element.withUnsafeBufferPointer { text in
            var rest = text[...]
            while let place = rest.firstIndex(of: start[0]) {
                rest = rest[place...]
                if rest.starts(with: start) { return true }
                rest = rest.dropFirst()
            }
            return false
        }
    }

    /// So many portions as are needed for these.
    package static func portions(of runs: [TrackedRun]) -> [RunPortion] {
        runs.pages(of: most).map { RunPortion(Array($0)) }
    }
}

/// What is done with a portion, in the step that takes it out.
package struct RunSettlement: Sendable, Hashable {
    package let portion: RunPortion
    /// Those of its runs that are open, and are put where open runs stand.
    ///
    /// What became of the others is said by the changes of the step. Of a run of which nothing is said nothing is left.
    package let open: [TrackedRun]

    package init(_ portion: RunPortion, open: [TrackedRun]) {
        self.portion = portion
        self.open = open
    }
}
