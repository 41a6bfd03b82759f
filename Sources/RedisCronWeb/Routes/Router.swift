/// Leads each request to what answers it, once it has been checked: shape, host, token, and for a write all that keeps other sites
/// out.
struct Router: Sendable {
    let web: CronWeb

    func respond(to request: CronWebRequest) async -> CronWebResponse {
        var response: CronWebResponse
        do throws(Problem) {
            let routed = try admitted(request)
            if isShort(routed) {
                response = await answer(routed)
            } else {
                // Whoever asks may prefer a thread that must not be held up: that of an event loop.
                response = await withTaskExecutorPreference(globalConcurrentExecutor) { await answer(routed) }
            }
        } catch {
            response = isForAPI(request) ? error.document : error.text
        }
        response.addSecurityHeaders()
        // The head of the answer to GET, RFC 9110, section 9.3.2. Dropping a stream ends it.
        if request.method == "HEAD" { response.leaveBodyOut() }
        return response
    }

    /// The request taken apart, if it may be answered.
    ///
    /// - Throws: ``Problem`` for one that must not.
    func admitted(_ request: CronWebRequest) throws(Problem) -> RoutedRequest {
        try RequestShape.check(request)
        let host = try web.access.checkHost(request)
        guard var routed = RoutedRequest(request, on: web) else {
            throw Problem(404, "there is nothing at this address")
        }
        guard Self.methods.contains(request.method) else { throw .method(allowed: allowedMethods(routed)) }
        routed.access = try web.access.access(of: request, at: host)
        guard routed.access.mayRead || isOpen(routed) else { throw .unauthorized("a token is needed") }
        if !routed.isReading { try routed.access.checkWrite(routed) }
        return routed
    }

    /// Methods that something here answers.
    private static let methods = ["GET", "HEAD", "POST", "PUT", "DELETE"]

    private func allowedMethods(_ request: RoutedRequest) -> String {
        guard case .mount = request.place, request.segment(0) == "api" else {
            return Self.methods.joined(separator: ", ")
        }
        let endpoints = Endpoint.of(request.path.dropFirst())
        return endpoints.isEmpty ? Self.methods.joined(separator: ", ") : Endpoint.allowedMethods(endpoints)
    }

    private func answer(_ request: RoutedRequest) async -> CronWebResponse {
        let mounts: [Mount]
        switch request.place {
        case .site: mounts = web.mounts
        case .mount(let mount): mounts = [mount]
        case .nowhere:
            return request.segment(0) == "api"
                ? Problem(404, "no such key prefix is served here").document
                : SiteRoutes(web: web).missing("No such key prefix is served here.")
        }
        switch request.segment(0) {
        case "livez", "healthz", "readyz": return await HealthRoutes(mounts: mounts).respond(to: request)
        case "metrics": return await MetricsRoutes(web: web, mounts: mounts).respond(to: request)
        default: break
        }
        guard case .mount(let mount) = request.place else { return await SiteRoutes(web: web).respond(to: request) }
        return request.segment(0) == "api"
            ? await APIRoutes(mount: mount).respond(to: request) : await PageRoutes(mount: mount).respond(to: request)
    }

    /// Whether it means one definition, so that little is computed: then its answer stays on the thread on which it came.
    private func isShort(_ request: RoutedRequest) -> Bool {
        request.segment(0) == "api" && request.segment(1) == "jobs" && (3...4).contains(request.path.count)
            && request.segment(3) != "runs" && request.body.count <= 16_384
    }

    /// Whether it is answered without the token: one word of health.
    private func isOpen(_ request: RoutedRequest) -> Bool {
        ["livez", "healthz", "readyz"].contains(request.segment(0)) && request.path.count == 1
            && request.query["verbose"] == nil && request.isReading && request.isSomewhere
    }

    private func isForAPI(_ request: CronWebRequest) -> Bool {
        RoutedRequest(request, on: web)?.segment(0) == "api"
    }
}

extension CronWebResponse {
    /// Adds what every answer says to a browser.
    ///
    /// Nothing but this page's own may be loaded, nobody may frame or read it, nothing is kept. An answer that says itself how long it
    /// may be kept stays so.
    mutating func addSecurityHeaders() {
        headers["Content-Security-Policy"] =
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
            + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        headers["X-Content-Type-Options"] = "nosniff"
        headers["X-Frame-Options"] = "DENY"
        headers["Referrer-Policy"] = "no-referrer"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        if headers["Cache-Control"] == nil { headers["Cache-Control"] = "no-store" }
    }
}
