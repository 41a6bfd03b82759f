import Cron
import RQWire
import RedisCron

/// What a site with several key prefixes has besides their pages: the list of them, as a page and for programs.
struct SiteRoutes: Sendable {
    let web: CronWeb

    func respond(to request: RoutedRequest) async -> CronWebResponse {
        let path = request.path.map { String(decoding: $0, as: UTF8.self) }
        if path.first == "api" { return await api(Array(path.dropFirst()), request) }
        guard request.isReading else { return Problem.method(allowed: "GET, HEAD").text }
        switch path {
        case [], [MountAddress.folder]:
            return .page(PrefixesPage(context: context, reports: await PrefixReport.all(web.mounts)).html)
        case _ where path.count == 3 && path[0] == "assets":
            return PageAssets.response(hash: path[1], name: path[2]) ?? missing()
        default: return missing()
        }
    }

    private func api(_ path: [String], _ request: RoutedRequest) async -> CronWebResponse {
        guard ["prefixes", "events", "openapi.json"].contains(path.joined(separator: "/")) else {
            return Problem(404, "there is nothing at this address; each key prefix has an API of its own").document
        }
        guard request.isReading else { return Problem.method(allowed: "GET, HEAD").document }
        do {
            _ = try QueryReader(request.query)
            switch path[0] {
            case "prefixes": return .json(PrefixList.object(await PrefixReport.all(web.mounts)))
            case "events": return EventStream.response(CronWebStream(web.watch.feed.read()))
            default: return .json(try APIDescription.document(of: web))
            }
        } catch {
            return Problem(error).document
        }
    }

    /// The page for an address at which there is nothing.
    func missing(_ text: HTML = "There is nothing at this address.") -> CronWebResponse {
        .page(MessagePage(context: context, title: "Not found", text: text).html, status: 404)
    }

    private var context: PageContext {
        PageContext(
            links: PageLinks(mountPath: web.options.mountPath, sitePath: web.options.mountPath), mayWrite: false,
            formToken: nil, showsArguments: false, zone: DefaultTimeZone(rules: .utc, isPublished: false), now: .now,
            query: QueryItems())
    }
}

/// `/api/prefixes`: the key prefixes that a site has, and how each is doing.
enum PrefixList {
    static func object(_ reports: [PrefixReport]) -> JSONObject {
        ["prefixes": .array(reports.map { .object(object(of: $0)) })]
    }

    private static func object(of report: PrefixReport) -> JSONObject {
        let (state, isReady) = report.state
        let counts = CatalogueState.allCases.map { state in
            (JSONString(state.rawValue), JSONValue.int(report.glance.summary.counts[state, default: 0]))
        }
        return [
            "prefix": .string(report.mount.keyPrefix), "path": .string(report.mount.path), "state": .string(state),
            "ready": .bool(isReady), "leader": report.leader.map { .string($0) } ?? .null,
            "catalogue": .string(report.glance.status.progress.word), "definitions": .object(JSONObject(counts)),
            "next_due": time(report.nextDue), "last_failure": time(report.glance.summary.lastFailure),
        ]
    }

    private static func time(_ time: Timestamp?) -> JSONValue { time.map { .string($0.wireFormat) } ?? .null }
}
