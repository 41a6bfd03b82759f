/// What surrounds each page: head, navigation, foot.
struct PageFrame: Sendable {
    /// The pages that the navigation leads to.
    enum Place: Sendable {
        case prefixes, list, timeline, elsewhere
    }

    let context: PageContext
    let title: String
    var place = Place.elsewhere
    /// Whether what is shown is kept up to date.
    var isLive = false

    func around(_ content: HTML) -> HTML {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta name="robots" content="noindex">
        <title>\(title)\(owner) · rqrcron</title>
        <link rel="icon" href="\(asset("icon.svg"))" type="image/svg+xml">
        <link rel="stylesheet" href="\(asset("page.css"))">
        <script src="\(asset("page.js"))" defer></script>
        </head>
        <body\(live)>
        <a class="skip" href="#content">Skip to the content</a>
        <header class="top">
        <a class="brand" href="\(context.links.site ?? context.links.list())"><img src="\(asset("icon.svg"))" alt="" width="20" height="20"> rqrcron</a>
        <nav aria-label="Pages">
        \(prefixes)\(pages)
        </nav>
        <div class="live" id="live" hidden>
        <span id="live-state" role="status">live</span>
        <button type="button" id="live-toggle" aria-pressed="false">Pause updates</button>
        </div>
        </header>
        <main id="content" tabindex="-1">
        \(content)
        </main>
        <footer class="foot">
        <p>As of \(clock). Times on hover are those of the schedule's zone and UTC.</p>
        </footer>
        </body>
        </html>

        """
    }

    /// What makes a box that scrolls sideways reachable by keyboard, where nothing in it is.
    static func region(_ name: String) -> HTML {
        "tabindex=\"0\" role=\"region\" aria-label=\"\(name)\""
    }

    /// The prefix of several, behind the title.
    private var owner: HTML { context.links.keyPrefix.map { " · \($0)" } ?? .empty }

    /// The way to the other prefixes, where there are some.
    private var prefixes: HTML {
        guard let site = context.links.site else { return .empty }
        let own: HTML =
            context.links.keyPrefix.map { "\n<span class=\"prefix\">\(ShownText.html($0, most: 60))</span>\n" }
            ?? .empty
        return navigation("Prefixes", site, .prefixes) + own
    }

    /// The pages of a prefix.
    private var pages: HTML {
        // The list of all prefixes belongs to none of them.
        guard context.links.site == nil || context.links.keyPrefix != nil else { return .empty }
        return """
            \(navigation("Definitions", context.links.list(), .list))
            \(navigation("Timeline", context.links.timeline(), .timeline))
            """
    }

    private var clock: HTML { context.clock(context.now) }

    private var live: HTML { isLive ? " data-events=\"\(context.links.events)\"" : "" }

    private func asset(_ name: String) -> String { PageAssets.path(name, mountPath: context.links.mountPath) }

    private func navigation(_ title: String, _ target: String, _ page: Place) -> HTML {
        let current: HTML = page == place ? " aria-current=\"page\"" : ""
        return "<a href=\"\(target)\"\(current)>\(title)</a>"
    }
}
