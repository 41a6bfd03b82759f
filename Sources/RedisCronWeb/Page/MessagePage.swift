/// A page that says one thing: that something is not there, or went wrong.
struct MessagePage: Sendable {
    let context: PageContext
    let title: String
    let text: HTML

    var html: HTML {
        PageFrame(context: context, title: title).around(
            """
            <h1>\(title)</h1>
            <p>\(text)</p>
            <p>\(back)</p>
            """)
    }

    private var back: HTML {
        if let site = context.links.site, context.links.keyPrefix == nil {
            return "<a href=\"\(site)\">All prefixes</a>"
        }
        return "<a href=\"\(context.links.list())\">All definitions</a>"
    }
}

/// What was done a moment ago.
struct DoneNotice: Sendable {
    let done: ActionReport?

    var html: HTML {
        guard let done else { return .empty }
        return "<p class=\"notice\(done.failures == 0 ? " done" : " alert")\" role=\"status\">\(done.text)</p>"
    }
}

extension CronWebResponse {
    /// A page.
    static func page(_ html: HTML, status: Int = 200) -> CronWebResponse {
        CronWebResponse(
            status: status, headers: ["Content-Type": "text/html; charset=utf-8"], body: .bytes(Array(html.markup.utf8))
        )
    }
}
