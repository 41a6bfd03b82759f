import CronFiles
import RedisCron

/// A plan as text.
struct PlanText {
    let style: TextStyle

    /// The lines of one change.
    func lines(of change: ApplyPlan.Change) -> String {
        switch change.action {
        case .create:
            let declaration = change.declaration
            let schedule = declaration?.schedule.description ?? ""
            let what = "\(schedule)  \(declaration?.functionName ?? "")  \(declaration?.queueName ?? "")"
            return style.green("+ \(plain(change.id))") + "  \(plain(what))\n"
        case .edit(let fields):
            let lines = fields.map { field in
                "    \(field.field): \(quoted(field.old)) -> \(quoted(field.new))\n"
            }
            return style.yellow("~ \(plain(change.id))") + "\n" + lines.joined()
        case .replace(let reason):
            return style.yellow("~ \(plain(change.id))") + "\n    replaced; it cannot be read: \(plain(reason))\n"
        case .delete:
            return style.red("- \(plain(change.id))") + "\n"
        }
    }

    /// What is said of a definition whose pause stays.
    func pausedLine(_ id: DefinitionID) -> String {
        "  \(plain(id.display)) is paused: enabled is left alone until it is resumed\n"
    }

    /// What is said of a new definition that has more than one run to make up for.
    func madeUpLine(_ id: DefinitionID, _ count: Int) -> String {
        "  \(plain(id.display)) makes up for \(count) runs at once: its first run is in the past, and catchup is all\n"
    }

    /// What is said of a definition that has no run left.
    func finishedLine(_ id: DefinitionID) -> String { "  \(plain(id.display)) is finished: it has no run left\n" }

    /// The last line.
    func summary(_ count: PlanCount, source: String?) -> String {
        let source = source.map { " (source \(plain($0)))" } ?? ""
        return "Plan\(source): \(count.created) to create, \(count.changed) to change, \(count.deleted) to delete, "
            + "\(count.unchanged) unchanged.\n"
    }

    private func quoted(_ text: String) -> String {
        text.isEmpty ? "none" : plain(text)
    }

    private func plain(_ text: String) -> String { text.onOneLine }
}

/// How many definitions a plan creates, changes, deletes and leaves alone.
struct PlanCount {
    var created = 0
    var changed = 0
    var deleted = 0
    var unchanged = 0
}
