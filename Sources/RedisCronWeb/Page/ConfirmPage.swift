import Cron
import RQWire
import RedisCron

/// Asks before something is done, to one definition or to all that a filter shows.
struct ConfirmPage: Sendable {
    /// What it is done to.
    enum Target: Sendable {
        case one(DefinitionID)
        /// How many, and the ids of the first.
        case all(count: Int, some: [DefinitionID])
    }

    let context: PageContext
    let action: PageAction
    let target: Target
    /// Where the form goes.
    let address: String
    /// Where one goes who does not want it.
    let back: String
    /// What was wrong with what was filled in.
    var complaint: String?
    /// What was filled in before.
    var former = QueryItems()

    var html: HTML {
        PageFrame(context: context, title: "\(action.title): \(name.prefix(60))").around(
            """
            <div class="ask">
            <h1>\(question)</h1>
            \(listed)
            <p>\(consequence)</p>
            \(complaint.map { "<p class=\"notice alert\" role=\"alert\">\($0)</p>" as HTML } ?? .empty)
            <form method="post" action="\(address)">
            <input type="hidden" name="\(Access.formField)" value="\(context.formToken ?? "")">
            \(fields)
            <div class="actions">
            <button type="submit" class="\(action == .delete ? "danger" : "primary")">\(action.title)</button>
            <a class="button" href="\(back)">Cancel</a>
            </div>
            </form>
            </div>
            """)
    }

    private var name: String {
        switch target {
        case .one(let id): id.display
        case .all(let count, _): Self.counted(count)
        }
    }

    private var question: HTML {
        switch target {
        case .one(let id): "\(action.title) \(ShownText.html(id.display, most: 200))?"
        case .all(let count, _): "\(action.title): \(Self.counted(count))?"
        }
    }

    private static func counted(_ count: Int) -> String { "\(count) definition\(count == 1 ? "" : "s")" }

    private var listed: HTML {
        guard case .all(let count, let some) = target else { return .empty }
        let items = some.map { "<li>\(ShownText.html($0.display, most: 100))</li>" as HTML }
        let more: HTML = count > some.count ? "<li>and \(count - some.count) more</li>" : .empty
        return "<ul>\(items)\(more)</ul>"
    }

    private var consequence: String {
        switch action {
        case .pause:
            "While it is paused no run is queued, and what it misses is not made up for. What is queued or running goes on."
        case .resume: "The next run is planned from now. What a pause kept from running is not made up for."
        case .trigger: "One run is queued now. The schedule stays as it is; pause, end and limit do not count."
        case .delete:
            "The definition and what is recorded of its runs are deleted for good. Jobs that are queued stay queued."
        }
    }

    private var fields: HTML {
        switch action {
        case .pause:
            """
            <label><span>Note</span><small>why, for others to see</small>
            <input name="note" value="\(former["note"] ?? "")" maxlength="500" autocomplete="off"></label>
            <label><span>Until</span><small>in \(context.zone.name); empty: until somebody resumes it</small>
            <input type="datetime-local" name="until" value="\(former["until"] ?? "")"></label>
            """
        case .resume: .empty
        case .trigger:
            """
            <label class="field"><input type="checkbox" name="overlap" value="allow"> also while an earlier run is queued or running</label>
            """
        case .delete:
            """
            <label><span>\(typed)</span>
            <input name="typed" value="" required autocomplete="off" spellcheck="false"></label>
            """
        }
    }

    private var typed: String {
        switch target {
        case .one: "Type the id to delete it"
        case .all(let count, _): "Type the number of definitions, \(count), to delete them"
        }
    }
}
