/// Counts by state, each of which filters, and the form with all other filters.
struct ListFilters: Sendable {
    let context: PageContext
    let query: CatalogueQuery
    let page: CataloguePage
    /// Where the form leads: the list, or the timeline.
    var target: String?

    var html: HTML {
        """
        <nav class="counts" id="counts" data-live aria-label="States">
        \(chips)
        </nav>
        <form class="filters" role="search" action="\(address())" method="get">
        <label class="grow"><span>Find</span>
        <input type="search" name="text" value="\(query.text)" placeholder="id, function or queue" data-find></label>
        \(choice("queue", "Queue", all: "all queues", page.queues, chosen: query.queue))
        \(choice("source", "Source", all: "all sources", page.sources, chosen: query.source))
        \(kept)<button type="submit">Find</button>
        \(clear)
        </form>
        """
    }

    private func address(_ items: QueryItems = QueryItems()) -> String {
        target.map { base in items.encoded.isEmpty ? base : "\(base)?\(items.encoded)" } ?? context.links.list(items)
    }

    private var chips: [HTML] {
        let all = page.counts.values.reduce(0, +)
        let states = CatalogueState.shown.filter {
            page.counts[$0, default: 0] > 0 || $0.isAlwaysShown || query.state == $0
        }
        return [chip(nil, "all", all, .empty, "whatever their state")]
            + states.map { state in
                chip(
                    state, state.rawValue, page.counts[state, default: 0], StateBadge(state: state).shape,
                    StateBadge.meaning(state))
            }
    }

    private func chip(_ state: CatalogueState?, _ word: String, _ count: Int, _ shape: HTML, _ meaning: String) -> HTML
    {
        let items = context.query.settingPage(nil).setting("state", to: state?.rawValue)
        let current: HTML = query.state == state ? " aria-current=\"true\"" : ""
        return """
            <a class="chip \(state?.rawValue ?? "all")\(count == 0 ? " zero" : "")" href="\(address(items))" title="\(meaning)"\(current)>\
            \(shape)\(word) <b>\(count)</b></a>

            """
    }

    private func choice(_ name: String, _ title: String, all: String, _ values: [String], chosen: String?) -> HTML {
        guard !values.isEmpty else { return .empty }
        // More than anybody would look through are typed.
        guard values.count <= Self.mostChoices else {
            return "<label><span>\(title)</span><input name=\"\(name)\" value=\"\(chosen ?? "")\"></label>"
        }
        let options = values.map { value -> HTML in
            let selected: HTML = value == chosen ? " selected" : ""
            return "<option value=\"\(value)\"\(selected)>\(value.prefix(60))</option>"
        }
        return """
            <label><span>\(title)</span><select name="\(name)" data-submit><option value="">\(all)</option>\(options)</select></label>
            """
    }

    private static let mostChoices = 200

    /// State and order stay as they are.
    private var kept: [HTML] {
        ["state", "sort"].compactMap { name in
            context.query[name].map { "<input type=\"hidden\" name=\"\(name)\" value=\"\($0)\">" }
        }
    }

    private var clear: HTML {
        query.isFiltered ? "<a class=\"button quiet\" href=\"\(address())\">Clear</a>" : .empty
    }
}

extension CatalogueState {
    /// In the order in which they are shown.
    static let shown: [CatalogueState] = [
        .running, .failing, .overdue, .paused, .snoozed, .disabled, .finished, .invalid,
    ]

    /// Whether it is shown where no definition is in it.
    var isAlwaysShown: Bool { self != .disabled }
}

/// Links to the pages of the list.
struct ListPaging: Sendable {
    let context: PageContext
    let query: CatalogueQuery
    let total: Int
    var target: String?

    var html: HTML {
        let count = max(1, (total + query.limit - 1) / query.limit)
        let current = query.offset / query.limit + 1
        let shown =
            total == 0
            ? "none" : "\(min(query.offset + 1, total)) to \(min(query.offset + query.limit, total)) of \(total)"
        let links: HTML =
            count == 1 && current == 1
            ? .empty
            : """
            \(link("First", 1, isOn: current > 1))\(link("Previous", min(current - 1, count), isOn: current > 1))\
            <span>page \(current) of \(count)</span>\
            \(link("Next", current + 1, isOn: current < count))\(link("Last", count, isOn: current < count))
            """
        return
            "<nav class=\"paging\" id=\"paging\" data-live aria-label=\"Pages of the list\"><span>\(shown)</span> \(links)</nav>"
    }

    private func link(_ title: String, _ page: Int, isOn: Bool) -> HTML {
        guard isOn else { return "<span class=\"off\">\(title)</span> " }
        let items = context.query.settingPage(page == 1 ? nil : page)
        let address = target.map { "\($0)?\(items.encoded)" } ?? context.links.list(items)
        return "<a href=\"\(address)\">\(title)</a> "
    }
}
