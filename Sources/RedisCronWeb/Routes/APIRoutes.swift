import RQWire

/// The API below `/api`, for programs in any language; described at `/api/openapi.json`.
struct APIRoutes: Sendable {
    let mount: Mount

    func respond(to request: RoutedRequest) async -> CronWebResponse {
        do {
            return try await answer(request)
        } catch {
            return Problem(error).document
        }
    }

    private func answer(_ request: RoutedRequest) async throws -> CronWebResponse {
        let endpoints = Endpoint.of(request.path.dropFirst())
        guard !endpoints.isEmpty else { throw Problem(404, "there is nothing at this address") }
        let method = request.request.method == "HEAD" ? "GET" : request.request.method
        guard let endpoint = endpoints.first(where: { $0.method == method }) else {
            throw Problem.method(allowed: Endpoint.allowedMethods(endpoints))
        }
        var id = ""
        if endpoint.hasID {
            guard let text = String(validating: request.path[2], as: UTF8.self) else {
                throw Problem(400, "the id in the address must be UTF-8", field: "id")
            }
            id = text
        }
        return try await endpoint.answer(APICall(mount: mount, request: request, id: id))
    }
}

/// `GET /api/events`: what changes, as it changes, for a browser's `EventSource` and everybody else.
///
/// Each event is named `change`; its data is an object with `version`, `ids` (at most 200, `null` for more), `list` (whether
/// definitions came or went) and `status` (whether another scheduler leads, or Redis went or came back). At most one a second.
enum EventStream {
    static func response(_ stream: CronWebStream) -> CronWebResponse {
        CronWebResponse(
            status: 200,
            headers: [
                "Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store",
                // nginx would hold events back otherwise.
                "X-Accel-Buffering": "no",
            ], body: .stream(stream))
    }
}
