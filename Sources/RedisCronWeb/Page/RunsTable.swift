import Cron
import RQWire
import RedisCron

/// The runs of a definition, the newest first.
struct RunsTable: Sendable {
    let context: PageContext
    let runs: [RunRecord]
    let zone: ZoneRules

    var html: HTML {
        """
        <div class="scroll" \(PageFrame.region("Runs"))><table class="runs">
        <caption class="visually-hidden">The last \(runs.count) runs, the newest first</caption>
        <thead><tr><th scope="col">planned</th><th scope="col">lag</th><th scope="col">outcome</th><th scope="col">took</th>\
        <th scope="col" class="c-last">reason</th><th scope="col" class="c-runs">worker</th><th scope="col" class="c-queue">job</th>\
        <th scope="col" class="c-error">exception</th></tr></thead>
        <tbody>
        \(runs.map(row))
        </tbody>
        </table></div>
        """
    }

    private func row(_ run: RunRecord) -> HTML {
        let text = RunText(run, now: context.now)
        let planned = context.clock(run.planned ?? run.at, zone: zone)
        let outcome: HTML = "<span class=\"outcome \(RunSign(run).name)\">\(text.outcome)</span>"
        // What was not run needs no columns: its text takes their room.
        guard run.result == .queued else {
            return "<tr><td>\(planned)</td><td></td><td colspan=\"6\">\(outcome)</td></tr>\n"
        }
        let attempts: HTML =
            run.attempts.flatMap { $0 > 1 ? "<span class=\"sub\">\($0) attempts</span>" : nil } ?? .empty
        return """
            <tr><td>\(planned)</td><td>\(text.lag)</td><td>\(outcome)\(attempts)</td><td>\(text.length)</td>\
            <td class="c-last">\(run.reason?.rawValue ?? "")</td><td class="c-runs">\(ShownText.html(run.worker ?? "", most: 13))</td>\
            <td class="c-queue"><code>\(ShownText.html(run.jobID ?? "", most: 40))</code></td>\
            <td class="c-error">\(ShownText.html(run.error ?? "", most: 500))</td></tr>

            """
    }
}
