/// What servers had done, and acknowledged, that was lost when another one took their place.
///
/// It excuses nothing by itself: the check names each promise that was not kept for such a reason as a ``Loss``, apart from
/// the violations.
package struct LostWrites: Sendable {
    /// The runs that were queued, by the ids of their jobs, with the time at which they were.
    private(set) var runs: [String: WireTime] = [:]
    /// The jobs of which anything was written: that they were queued, or taken from a queue.
    private(set) var jobs: Set<String> = []
    /// The jobs of which a worker had written that it started or ended.
    ///
    /// Whether the server that went on knew of it is not told: what it took over is recognized by its definitions alone.
    private(set) var workedAt: Set<String> = []
    /// The jobs that were told to stop: their workers may have heard of it.
    private(set) var stopsAskedFor: Set<String> = []
    /// When the last run of each definition was queued.
    private(set) var latest: [String: WireTime] = [:]
    private var edits: [String: [LostEdit]] = [:]

    private struct LostEdit: Sendable {
        let revision: Int?
        let enabled: String?
        let isDeletion: Bool
    }

    package init(_ steps: [LoggedStep] = []) {
        for step in steps { take(step) }
    }

    private mutating func take(_ step: LoggedStep) {
        for command in step.commands {
            let key = command.arguments.first ?? ""
            switch command.name {
            case "RPUSH", "LPUSH":
                if RedisKeys.queue(key) != nil { jobs.formUnion(command.arguments.dropFirst()) }
            case "LREM" where key == RedisKeys.taken: jobs.formUnion(command.arguments.dropFirst(2))
            case "SET" where key == RedisKeys.taken + ":last":
                jobs.formUnion((command.arguments.dropFirst().first ?? "").split(separator: " ").map(String.init))
            case "DEL", "UNLINK":
                for id in command.arguments.compactMap(RedisKeys.definition) {
                    edits[id, default: []].append(LostEdit(revision: nil, enabled: nil, isDeletion: true))
                }
            default:
                if let job = command.job, let time = WireTime(command.hashFields["created_at"] ?? "") {
                    runs[job] = time
                } else if let job = command.job {
                    workedAt.insert(job)
                } else if let id = command.definition {
                    note(command.hashFields, of: id)
                }
            }
        }
    }

    private mutating func note(_ fields: [String: String], of id: String) {
        stopsAskedFor.formUnion(DefinitionRecord(fields: fields).runsToldToStop)
        guard Set(fields.keys).isSubset(of: LoggedStep.tickFields) else {
            edits[id, default: []].append(
                LostEdit(
                    revision: DefinitionRecord(fields: fields).revision, enabled: fields["enabled"], isDeletion: false))
            return
        }
        if let time = WireTime(fields["latest_enqueue_time"] ?? "") {
            latest[id] = max(time, latest[id] ?? time)
        }
    }

    /// Whether a planned time lies before a run of the definition that was queued and lost: who queued that one does not
    /// go back to it, also where the definition has been edited since.
    func explainsStep(over planned: WireTime, of definition: String) -> Bool {
        latest[definition].map { planned <= $0 } ?? false
    }

    /// Whether that edit is among them.
    func contains(_ edit: AcknowledgedEdit) -> Bool {
        (edits[edit.definition] ?? []).contains { lost in
            guard edit.exists else { return lost.isDeletion }
            // An edit that only switches a definition writes no revision.
            return lost.revision == edit.revision
                || lost.revision == nil && !lost.isDeletion && edit.isEnabled.map { $0 ? "1" : "0" } == lost.enabled
        }
    }
}

/// A promise that was not kept since a server had lost what it had acknowledged.
package struct Loss: Sendable, Hashable {
    package enum Kind: String, Sendable, CaseIterable {
        /// A job came out of its queue again.
        case takenTwice = "job taken twice"
        /// A planned time was stepped over: the run had been queued, and was lost.
        case steppedOver = "run not made up for"
        /// An edit is nowhere in the history, or was taken back.
        case editLost = "acknowledged edit lost"
        /// A job came out of a queue, and nothing in the history says that it had been put there.
        case runLost = "run known to its worker alone"
    }

    package let kind: Kind
    package let detail: String
}
