import Cron
import RQWire
import RedisCron

/// The list of definitions: who schedules, counts, filters, table, pages.
struct ListPage: Sendable {
    let context: PageContext
    let query: CatalogueQuery
    let page: CataloguePage
    let schedulers: SchedulerOverview
    /// What the scheduler of this process does, where there is one.
    var ownState: SchedulerHealth.State?
    /// The last runs of the definitions on the page.
    let runs: [DefinitionID: [RunRecord]]

    var html: HTML {
        PageFrame(context: context, title: "Definitions", place: .list, isLive: true).around(
            """
            <h1 class="visually-hidden">Definitions</h1>
            \(DoneNotice(done: context.done).html)
            \(OverviewStrip(context: context, overview: schedulers, status: page.status, own: ownState).html)
            \(ListFilters(context: context, query: query, page: page).html)
            \(table)
            \(ListPaging(context: context, query: query, total: page.total).html)
            \(bulk)
            """)
    }

    private var table: HTML {
        guard !page.entries.isEmpty else { return nothing }
        let rows = page.entries.map { ListRow(context: context, entry: $0, runs: runs[$0.id]).html }
        return """
            <div class="scroll" id="list" data-live>
            <table class="jobs">
            <caption class="visually-hidden">Definitions, sorted by \(query.sort.rawValue)</caption>
            <thead><tr>\(ListHeader(context: context, query: query).html)</tr></thead>
            <tbody>
            \(rows)
            </tbody>
            </table>
            </div>
            """
    }

    private var nothing: HTML {
        let text: HTML
        switch page.status.progress {
        case .following where query.isFiltered:
            text = "<p>No definition is like that. <a href=\"\(context.links.list())\">Show all</a></p>"
        case .following:
            text = """
                <p>There are no definitions yet. Make one:</p>
                <pre><code>rqrcron\(context.prefixOption) register hello --func app.tasks.hello --queue default --interval 60</code></pre>
                """
        case .loading: text = "<p>The definitions are being read. This page shows them as they come.</p>"
        case .idle, .disconnected: text = "<p>Nothing is known yet.</p>"
        }
        return "<div class=\"empty\" id=\"list\" data-live>\(text)</div>"
    }

    /// Actions for all that the filter shows.
    private var bulk: HTML {
        guard context.mayWrite, page.total > 0 else { return .empty }
        let links = PageAction.allCases.map { action -> HTML in
            "<a class=\"button\" href=\"\(context.links.action(action, context.query.settingPage(nil)))\">\(action.title)…</a> "
        }
        let what = page.total == 1 ? "The one definition" : "All \(page.total) definitions"
        return """
            <section class="bulk" id="bulk" data-live aria-label="Actions for all that the filter shows">
            <span>\(what)\(query.isFiltered ? " that the filter shows" : ""):</span> \(links)
            </section>
            """
    }
}

/// The columns, each of which sorts.
private struct ListHeader {
    let context: PageContext
    let query: CatalogueQuery

    var html: HTML {
        """
        \(column([.state], "c-state"))\(column([.id, .function], "c-id"))\(column([.schedule], "c-schedule"))\
        \(column([.next], "c-next"))\(column([.last], "c-last"))\(column([.outcome, .duration], "c-outcome"))\
        <th scope="col" class="c-runs">last runs</th>\(column([.queue, .source], "c-queue"))
        """
    }

    private func column(_ sorts: [CatalogueSort], _ name: String) -> HTML {
        let sorted: HTML =
            sorts.contains(query.sort) ? " aria-sort=\"\(query.isDescending ? "descending" : "ascending")\"" : ""
        let links = sorts.map { link($0) }
        let rest = links.dropFirst().map { "<span class=\"by\"> · \($0)</span>" as HTML }
        return "<th scope=\"col\" class=\"\(name)\"\(sorted)>\(links[0])\(rest)</th>"
    }

    private func link(_ sort: CatalogueSort) -> HTML {
        let isCurrent = query.sort == sort
        let isDescending = isCurrent && !query.isDescending
        let target = context.links.list(
            context.query.settingPage(nil).setting("sort", to: (isDescending ? "-" : "") + sort.rawValue))
        let arrow: HTML = isCurrent ? "<span aria-hidden=\"true\"> \(query.isDescending ? "▼" : "▲")</span>" : ""
        return "<a href=\"\(target)\">\(sort.title)\(arrow)</a>"
    }
}

/// One definition.
private struct ListRow {
    let context: PageContext
    let entry: CatalogueEntry
    /// The newest first; `nil` where they could not be read.
    let runs: [RunRecord]?

    var html: HTML {
        """
        <tr data-id="\(entry.id.display)">
        <td class="c-state">\(StateBadge(state: entry.state).html)</td>
        <th scope="row" class="c-id">\(name)<span class="sub">\(ShownText.html(entry.functionName, most: 60))</span></th>
        \(entry.fault == nil ? cells : faultCell)
        </tr>

        """
    }

    private var name: HTML {
        let text = ShownText.html(entry.id.display, most: 80)
        guard let target = context.links.definition(entry.id) else {
            return "<span title=\"too long for an address\">\(text)</span>"
        }
        return "<a href=\"\(target)\">\(text)</a>"
    }

    private var faultCell: HTML {
        "<td class=\"fault\" colspan=\"6\">\(ShownText.html(entry.fault ?? "", most: 300))</td>"
    }

    private var cells: HTML {
        let schedule = ScheduleText(entry.schedule, id: entry.id.display)
        let zone = context.zone(named: entry.timeZone)
        return """
            <td class="c-schedule">\(ShownText.html(schedule.sentence))\(beneath(schedule))</td>
            <td class="c-next">\(next(zone))</td>
            <td class="c-last">\(entry.last.map { context.time($0, zone: zone) } ?? "<span class=\"none\">never</span>")</td>
            <td class="c-outcome">\(outcome)</td>
            <td class="c-runs">\(runs.map { RunStrip(runs: $0, now: context.now).html } ?? .empty)</td>
            <td class="c-queue">\(ShownText.html(entry.queueName, most: 40))\(source)</td>
            """
    }

    private func beneath(_ schedule: ScheduleText) -> HTML {
        let expression: HTML = schedule.expression.map { "<code>\($0)</code> " } ?? .empty
        let zone: HTML = entry.timeZone.map { "\($0)" } ?? .empty
        guard schedule.expression != nil || entry.timeZone != nil else { return .empty }
        return "<span class=\"sub\">\(expression)\(zone)</span>"
    }

    private func next(_ zone: ZoneRules) -> HTML {
        let planned = entry.next.map { context.time($0, zone: zone) }
        switch entry.state {
        case .paused, .disabled, .finished, .invalid: return "<span class=\"none\">–</span>"
        case .snoozed:
            let end: HTML =
                entry.pausedUntil.map {
                    "<span class=\"sub\">paused until \(context.shortClock($0, zone: zone))</span>"
                } ?? .empty
            return (planned ?? "–") + end
        case .overdue, .failing, .running:
            let note: HTML = entry.isWaiting ? "<span class=\"sub\">waits for earlier runs</span>" : .empty
            return (planned ?? "<span class=\"none\">–</span>") + note
        }
    }

    /// What became of the last run that is over; one that is open comes beneath.
    private var outcome: HTML {
        let told = runs?.filter { $0.result != .skipped } ?? []
        if let newest = told.first {
            let run = told.first { !$0.isOpen } ?? newest
            let (outcome, length) = RunText(run, now: context.now).brief
            let open = RunText(newest, now: context.now).brief
            let beneath = newest.isOpen && !run.isOpen ? "\(open.outcome) \(open.length)" : length
            return "<span class=\"outcome \(RunSign(run).name)\">\(outcome)</span><span class=\"sub\">\(beneath)</span>"
        }
        guard let outcome = entry.outcome else { return "<span class=\"none\">–</span>" }
        let sign = outcome == .finished ? "✓" : "✗"
        let took = entry.duration.map(TimeText.length) ?? ""
        return """
            <span class="outcome \(outcome == .finished ? "good" : outcome.isFailure ? "bad" : "ended")">\(sign) \
            \(outcome.rawValue)</span><span class="sub">\(took)</span>
            """
    }

    private var source: HTML {
        entry.source.map { "<span class=\"sub\">\(ShownText.html($0, most: 40))</span>" } ?? .empty
    }
}

extension CatalogueSort {
    /// The title of its column.
    var title: String {
        switch self {
        case .id: "definition"
        case .duration: "took"
        default: rawValue
        }
    }
}

extension QueryItems {
    /// The same for another page of the list; `nil` for the first.
    func settingPage(_ page: Int?) -> QueryItems { setting("page", to: page.map(String.init)) }
}
