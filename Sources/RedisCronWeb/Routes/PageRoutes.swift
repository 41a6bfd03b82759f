import RQWire
import RedisBridge
import RedisCron

/// The pages for people: list, timeline, definitions, and what can be done to them.
struct PageRoutes: Sendable {
    let mount: Mount

    func respond(to request: RoutedRequest) async -> CronWebResponse {
        let context = await context(request)
        if let action = action(request, context) { return await answer(action, request, context) }
        guard request.isReading else { return Problem.method(allowed: "GET, HEAD").text }
        switch (request.path.count, request.segment(0)) {
        case (0, _): return await list(context)
        case (3, "assets"):
            return PageAssets.response(hash: request.segment(1) ?? "", name: request.segment(2) ?? "")
                ?? missing(context)
        case (1, "timeline"): return await timeline(context)
        case (2, "jobs"): return await definition(DefinitionID(bytes: request.path[1]), context)
        default: return missing(context)
        }
    }

    /// What `/jobs/ID/ACTION` and `/all/ACTION` ask for.
    private func action(_ request: RoutedRequest, _ context: PageContext) -> ActionRoutes? {
        let isOne = request.path.count == 3 && request.segment(0) == "jobs"
        guard isOne || request.path.count == 2 && request.segment(0) == "all",
            let action = request.segment(request.path.count - 1).flatMap(PageAction.init)
        else { return nil }
        return ActionRoutes(mount: mount, request: request, context: context, action: action)
    }

    private func answer(
        _ action: ActionRoutes, _ request: RoutedRequest, _ context: PageContext
    ) async -> CronWebResponse {
        guard request.isReading || request.request.method == "POST" else {
            return Problem.method(allowed: "GET, HEAD, POST").text
        }
        guard context.mayWrite else {
            let text: HTML = "Definitions cannot be changed here: actions are switched off, or need the token."
            return .page(MessagePage(context: context, title: "Not allowed", text: text).html, status: 403)
        }
        do {
            return request.path.count == 3
                ? try await action.one(DefinitionID(bytes: request.path[1])) : try await action.all()
        } catch {
            let problem = Problem(error)
            let title = problem.status == 404 ? "Not found" : "Nothing was done"
            return .page(
                MessagePage(context: context, title: title, text: "\(problem.detail)").html, status: problem.status)
        }
    }

    private func context(_ request: RoutedRequest) async -> PageContext {
        PageContext(
            links: PageLinks(
                mountPath: mount.path, sitePath: mount.sitePath,
                keyPrefix: mount.sitePath == nil ? nil : mount.keyPrefix), mayWrite: request.access.mayWrite,
            formToken: request.access.formToken, showsArguments: mount.options.showsArguments,
            keyPrefix: mount.keyPrefix,
            zone: await mount.catalogue.zone(), now: .now, query: ActionReport.removed(from: request.query),
            done: ActionReport(request.query))
    }

    private func list(_ context: PageContext) async -> CronWebResponse {
        let query = CatalogueQuery(context.query)
        let page = await mount.catalogue.page(query, now: context.now)
        let runs = await mount.strips.runs(of: page.entries)
        let schedulers = await mount.catalogue.schedulers()
        let own = await mount.scheduler?.health.state
        return .page(
            ListPage(
                context: context, query: query, page: page, schedulers: schedulers, ownState: own, runs: runs
            ).html)
    }

    private func timeline(_ context: PageContext) async -> CronWebResponse {
        let query = CatalogueQuery(context.query)
        let page = await mount.catalogue.page(query, now: context.now)
        // From a full hour, so that hours are where one looks for them.
        let start = Timestamp(unixSeconds: context.now.unixSeconds - context.now.unixSeconds % 3600)
        do {
            let plans = try await mount.plans.plans(
                of: page.entries, from: start, now: context.now, zone: context.zone.rules)
            return .page(TimelinePage(context: context, query: query, page: page, start: start, plans: plans).html)
        } catch {
            return away(context, error)
        }
    }

    private func definition(_ id: DefinitionID, _ context: PageContext) async -> CronWebResponse {
        do {
            let entry = await mount.catalogue.entry(id, now: context.now)
            guard let report = try await DefinitionReader(connection: mount.connection).report(id, entry: entry) else {
                return missing(context, "There is no definition \(ShownText.html(id.display)).")
            }
            return .page(DefinitionPage(context: context, report: report).html)
        } catch let error as RedisCronError where error.code == .unreadableDefinition {
            let text: HTML = "The definition \(ShownText.html(id.display)) cannot be read: \(error.message)"
            return .page(MessagePage(context: context, title: "Invalid definition", text: text).html)
        } catch {
            return away(context, error)
        }
    }

    private func missing(_ context: PageContext, _ text: HTML = "There is nothing at this address.") -> CronWebResponse
    {
        .page(MessagePage(context: context, title: "Not found", text: text).html, status: 404)
    }

    /// Redis does not answer, or refuses.
    private func away(_ context: PageContext, _ error: any Error) -> CronWebResponse {
        let text: HTML = "\(RedisCronError(error).message)"
        return .page(MessagePage(context: context, title: "Redis does not answer", text: text).html, status: 503)
    }
}
