import RQWire
import RedisCron

/// The first page of a site with several key prefixes: how each is doing, and where its page is.
struct PrefixesPage: Sendable {
    let context: PageContext
    let reports: [PrefixReport]

    /// How many prefixes are named beside their number.
    private static let named = 10

    var html: HTML {
        let rows = reports.map { PrefixRow(context: context, report: $0).html }
        return PageFrame(context: context, title: "Prefixes", place: .prefixes, isLive: true).around(
            """
            <h1 class="visually-hidden">Prefixes</h1>
            \(overview)
            <div class="scroll" id="list" data-live>
            <table class="jobs prefixes">
            <caption class="visually-hidden">Key prefixes</caption>
            <thead><tr><th scope="col">state</th><th scope="col">prefix</th><th scope="col" class="c-leader">leader</th>\
            <th scope="col">definitions</th><th scope="col">next</th><th scope="col">failing</th></tr></thead>
            <tbody>
            \(rows)
            </tbody>
            </table>
            </div>
            """)
    }

    private var overview: HTML {
        let troubled = reports.filter { !$0.state.isReady }
        let words = Dictionary(grouping: reports.filter(\.state.isReady), by: \.state.word)
        let states = words.sorted { $0.key < $1.key }
            .map { "<li><span class=\"label\">\($0.key)</span><span>\($0.value.count)</span></li>" as HTML }
        let names = troubled.prefix(Self.named).map { report -> HTML in
            "<a href=\"\(report.mount.path)/\">\(ShownText.html(report.mount.keyPrefix, most: 40))</a> "
        }
        let more: HTML = troubled.count > Self.named ? "and \(troubled.count - Self.named) more" : .empty
        let trouble: HTML =
            troubled.isEmpty
            ? .empty
            : "<p class=\"notice alert\" role=\"alert\">Not ready: \(Array(names))\(more)</p>"
        let all = reports.reduce(0) { $0 + $1.glance.count }
        return """
            <section class="overview" id="overview" data-live aria-label="All prefixes">
            \(trouble)<ul>
            <li><span class="label">Prefixes</span><span>\(reports.count)</span></li>
            \(states)<li><span class="label">Definitions</span><span>\(all)</span></li>
            </ul>
            </section>
            """
    }
}

/// One key prefix.
private struct PrefixRow {
    let context: PageContext
    let report: PrefixReport

    private var path: String { report.mount.path }

    var html: HTML {
        let (word, isReady) = report.state
        let (kind, sign): (HTML, HTML) =
            switch (isReady, word) {
            case (true, "standby"): ("disabled", "◌")
            case (true, _): ("running", "●")
            default: ("failing", "⚠")
            }
        return """
            <tr data-id="\(report.mount.keyPrefix)">
            <td class="c-state"><span class="state \(kind)"><span aria-hidden="true">\(sign)</span>\(word)</span></td>
            <th scope="row" class="c-id"><a href="\(path)/">\(ShownText.html(report.mount.keyPrefix, most: 80))</a>\
            <span class="sub"><a href="\(path)/timeline">timeline</a> · <a href="\(path)/readyz">health</a></span></th>
            <td class="c-leader">\(leader)</td>
            <td>\(definitions)</td>
            <td>\(report.nextDue.map { context.time($0) } ?? "<span class=\"none\">–</span>")</td>
            <td>\(failing)</td>
            </tr>

            """
    }

    private var leader: HTML {
        if let leader = report.leader { return ShownText.html(leader, most: 60) }
        let isAway = if case .disconnected = report.glance.status.progress { true } else { false }
        return report.isLeaderKnown && !isAway
            ? "<strong class=\"warn\">⚠ nobody leads</strong>" : "<span class=\"none\">not known</span>"
    }

    private var definitions: HTML {
        let beneath: HTML =
            switch report.glance.status.progress {
            case .following: .empty
            case .idle: "<span class=\"sub\">not read</span>"
            case .loading: "<span class=\"sub\">being read</span>"
            case .disconnected: "<span class=\"sub\">as known before</span>"
            }
        let trouble = [CatalogueState.invalid, .overdue].compactMap { state -> HTML? in
            let count = report.glance.summary.counts[state, default: 0]
            return count == 0 ? nil : "<span class=\"sub\">\(link(to: state, count)) \(state.rawValue)</span>"
        }
        return "\(report.glance.count)\(trouble)\(beneath)"
    }

    private var failing: HTML {
        let count = report.glance.summary.counts[.failing, default: 0]
        guard count > 0 else { return "<span class=\"none\">none</span>" }
        let last: HTML =
            report.glance.summary.lastFailure.map { "<span class=\"sub\">queued \(context.time($0))</span>" } ?? .empty
        return "<strong class=\"bad\">✗ \(link(to: .failing, count))</strong>\(last)"
    }

    private func link(to state: CatalogueState, _ count: Int) -> HTML {
        "<a href=\"\(path)/?state=\(state.rawValue)\">\(count)</a>"
    }
}
