import Cron
import RQWire
import RedisCron

/// What is known of one definition.
struct DefinitionReport: Sendable {
    let job: RedisCronJob
    /// As the catalogue has it; `nil` where it does not know it yet.
    let entry: CatalogueEntry?
    let source: String?
    /// Its last runs, the newest first; `nil` where they may not be read.
    let runs: [RunRecord]?

    /// How many runs and times are shown.
    static let (runs, times) = (50, 10)
}

/// The page of one definition: its state, its fields, its next times, its runs, and the commands that do the same.
struct DefinitionPage: Sendable {
    let context: PageContext
    let report: DefinitionReport
    private var job: RedisCronJob { report.job }
    private var id: DefinitionID { DefinitionID(job.id) }
    private var times: ScheduleTimes? { try? ScheduleTimes(job, defaultZone: context.zone.rules, now: context.now) }
    private var zone: ZoneRules { context.zone(named: job.timeZone) }

    var html: HTML {
        PageFrame(context: context, title: String(job.id.prefix(80)), isLive: true).around(
            """
            \(DoneNotice(done: context.done).html)
            <div class="title" data-id="\(id.display)">
            <div>
            <h1>\(ShownText.html(job.id, most: 300))</h1>
            <p id="state" data-live>\(state)</p>
            </div>
            \(DefinitionActions(context: context, id: id, isPaused: isPaused).html)
            </div>
            <div class="columns">
            <div id="times" data-live>
            <h2>Schedule</h2>
            \(schedule)
            <h2>Next times</h2>
            \(nextTimes)
            </div>
            <div>
            <h2>Definition</h2>
            <div class="scroll" \(PageFrame.region("Fields"))>\(DefinitionFields(context: context, job: job, source: report.source).html)</div>
            </div>
            </div>
            <div id="runs" data-live>
            <h2>Runs</h2>
            \(runs)
            </div>
            \(CommandList(job: job, prefixOption: context.prefixOption).html)
            \(json)
            """)
    }

    private var isPaused: Bool { job.isPaused(at: context.now) || !job.enabled }

    private var state: HTML {
        let text = job.stateText(at: context.now)
        guard let state = report.entry?.state else { return "\(text)" }
        // What the badge says is not said twice.
        let rest =
            text == "enabled" || text == state.rawValue
            ? StateBadge.meaning(state)
            : text.hasPrefix("\(state.rawValue): ") ? String(text.dropFirst(state.rawValue.count + 2)) : text
        return "\(StateBadge(state: state).html) \(rest)"
    }

    private var schedule: HTML {
        let text = ScheduleText(interval: job.interval, cron: job.cron, id: job.id)
        let zone: HTML =
            job.cron?.isEmpty == false
            ? "<span class=\"sub\">in \(self.zone.description)\(job.timeZone == nil ? zoneNote : "")</span>" : .empty
        return """
            <p><strong>\(ShownText.html(text.sentence))</strong>\(text.expression.map { " <code>\($0)</code>" as HTML } ?? .empty)\(zone)</p>
            """
    }

    private var zoneNote: String {
        context.zone.isPublished ? ", the scheduler's zone" : ", which is assumed: no scheduler has published its zone"
    }

    private var nextTimes: HTML {
        if let reason = job.reasonForNoRun(at: context.now) { return "<p>None, \(reason).</p>" }
        guard let times else { return "<p>They cannot be computed: this machine lacks the zone.</p>" }
        let pending = [times.pending].compactMap(\.self)
        let all = (pending + times.times(after: times.pending ?? context.now).prefix(DefinitionReport.times))
            .prefix(DefinitionReport.times)
        guard !all.isEmpty else { return "<p>The schedule has no further time.</p>" }
        let rows = all.map { time -> HTML in
            let range = times.text(of: time)
            let latest: HTML = job.jitter == nil ? .empty : "<td>\(range)</td>"
            return
                "<tr><td>\(context.clock(time, zone: zone))</td><td>\(context.time(time, zone: zone))</td>\(latest)</tr>"
        }
        let jitter: HTML = job.jitter == nil ? .empty : "<th scope=\"col\">may run, UTC</th>"
        return """
            <div class="scroll" \(PageFrame.region("Next times"))><table>
            <caption class="visually-hidden">Next times</caption>
            <thead><tr><th scope="col">planned</th><th scope="col">from now</th>\(jitter)</tr></thead>
            <tbody>\(rows)</tbody>
            </table></div>
            """
    }

    private var runs: HTML {
        guard let runs = report.runs else { return "<p>The user of this page may not read runs.</p>" }
        guard !runs.isEmpty else {
            return job.policy.history == 0 ? "<p>None are kept: its history is 0.</p>" : "<p>None are recorded.</p>"
        }
        return RunsTable(context: context, runs: runs, zone: zone).html
    }

    private var json: HTML {
        guard let definition = context.links.json(id), let runs = context.links.runsJSON(id) else { return .empty }
        return "<p>As JSON: <a href=\"\(definition)\">definition</a>, <a href=\"\(runs)\">runs</a></p>"
    }
}

/// What can be done, as links to pages that ask before they do it.
private struct DefinitionActions {
    let context: PageContext
    let id: DefinitionID
    let isPaused: Bool

    var html: HTML {
        guard context.mayWrite else { return .empty }
        let actions: [PageAction] = isPaused ? [.resume, .trigger, .delete] : [.trigger, .pause, .delete]
        let links = actions.compactMap { action in
            context.links.action(action, id).map { "<a class=\"button\" href=\"\($0)\">\(action.title)…</a> " as HTML }
        }
        return "<div class=\"actions\" id=\"actions\" data-live>\(links)</div>"
    }
}

/// The fields of the hash, as they are stored.
private struct DefinitionFields {
    let context: PageContext
    let job: RedisCronJob
    let source: String?

    /// What may hold a secret.
    private static let hidden: Set<String> = ["args", "kwargs", "meta", "webhooks", "description"]
    /// The longest value that is shown.
    private static let longest = 4_000

    var html: HTML {
        let rows = job.hashFields().filter { !$0.value.isEmpty }.map { field in
            row(field.field, value(field.field, field.value))
        }
        let from = source.map { row("source", "\($0)") } ?? .empty
        return """
            <table class="facts">
            <caption class="visually-hidden">Fields of the definition as they are stored</caption>
            <tbody>\(rows)\(from)</tbody>
            </table>
            """
    }

    private func row(_ name: String, _ value: HTML) -> HTML {
        "<tr><th scope=\"row\">\(name)</th><td>\(value)</td></tr>\n"
    }

    private func value(_ name: String, _ bytes: [UInt8]) -> HTML {
        let isEmpty = bytes.elementsEqual("[]".utf8) || bytes.elementsEqual("{}".utf8)
        if !context.showsArguments, Self.hidden.contains(name), !isEmpty {
            return "<span class=\"none\">hidden, \(bytes.count) byte\(bytes.count == 1 ? "" : "s")</span>"
        }
        let text = String(decoding: bytes.prefix(Self.longest), as: UTF8.self)
        let more: HTML =
            bytes.count > Self.longest ? "<span class=\"none\">… \(bytes.count) bytes in all</span>" : .empty
        return "<code>\(text)</code>\(more)"
    }
}

/// The commands that show and do the same.
private struct CommandList {
    let job: RedisCronJob
    /// What follows the name of the program's command where the prefix is not the default one.
    let prefixOption: String

    var html: HTML {
        let id = ShellWord.quoted(job.id)
        guard id.utf8.count <= 1_000 else { return .empty }
        let state = job.enabled ? "pause \(id) --note 'why'" : "resume \(id)"
        let lines = ["show \(id)", "runs \(id)", "next \(id)", state, "trigger \(id)", "delete \(id)"]
            .map { "rqrcron\(prefixOption) \($0)" }
        return """
            <details>
            <summary>The same on the command line</summary>
            <pre><code>\(lines.joined(separator: "\n"))</code></pre>
            </details>
            """
    }
}

/// A text as one word of a shell.
struct ShellWord: Sendable {
    static func quoted(_ text: String) -> String {
        let isPlain = !text.isEmpty && !text.hasPrefix("-") && text.utf8.allSatisfy(isPlain)
        if isPlain { return text }
        let quoted = "'\(text.replacing("'", with: #"'\''"#))'"
        return text.hasPrefix("-") ? "-- \(quoted)" : quoted
    }

    /// A value as it stands behind an equals sign: there a dash begins no option.
    static func attached(_ text: String) -> String {
        text.hasPrefix("-") ? "'\(text.replacing("'", with: #"'\''"#))'" : quoted(text)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "_-.:/@%+=,".utf8.contains(byte)
        }
    }
}
