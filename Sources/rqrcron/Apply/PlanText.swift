import RedisCron

/// A plan, as a person reads it before saying yes.
struct PlanText {
    let plan: ApplyPlan
    let style: TextStyle

    var text: String {
        var text = ""
        for change in plan.changes { text += lines(of: change) }
        return text + summary
    }

    private func lines(of change: ApplyPlan.Change) -> String {
        switch change.action {
        case .create:
            let declaration = change.declaration
            let schedule = declaration?.interval.map { "every \($0)s" } ?? declaration?.cron ?? ""
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

    /// How many of each kind, before it is done.
    private var summary: String {
        let counts = Counts(plan)
        return "Plan\(source): \(counts.created) to create, \(counts.changed) to change, \(counts.deleted) to delete, "
            + "\(plan.unchanged) unchanged.\n"
    }

    private var source: String { plan.source.map { " (source \(plain($0)))" } ?? "" }

    private struct Counts {
        let created: Int
        let changed: Int
        let deleted: Int

        init(_ plan: ApplyPlan) {
            created = plan.changes.count { $0.action == .create }
            deleted = plan.changes.count { $0.action == .delete }
            changed = plan.changes.count - created - deleted
        }
    }

    private func quoted(_ text: String) -> String {
        text.isEmpty ? "none" : plain(text)
    }

    private func plain(_ text: String) -> String { text.onOneLine }
}
