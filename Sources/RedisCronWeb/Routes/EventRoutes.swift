/// `GET /api/events`: what changes, as it changes, for a browser's `EventSource` and everybody else.
///
/// Each event is named `change`; its data is an object with `version`, `ids` (at most 200, `null` for more), `list` (whether
/// definitions came or went) and `status` (whether another scheduler leads, or Redis went or came back). At most one a second.
struct EventRoutes: Sendable {
    let web: CronWeb

    func respond(to request: RoutedRequest) async -> CronWebResponse {
        CronWebResponse(
            status: 200,
            headers: [
                "Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store",
                // nginx would hold events back otherwise.
                "X-Accel-Buffering": "no",
            ], body: .stream(CronWebStream(web.catalogue.feed.read())))
    }
}
