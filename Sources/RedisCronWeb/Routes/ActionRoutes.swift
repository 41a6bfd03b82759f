import Cron
import RQWire
import RedisCron

/// What can be done to definitions: a page asks, the form is posted, and one goes on to a page that says what was done.
struct ActionRoutes: Sendable {
    let mount: Mount
    let request: RoutedRequest
    let context: PageContext
    let action: PageAction

    /// The most definitions of one request.
    private static let most = 10_000
    /// How many of them are named before one says yes.
    private static let named = 10
    /// How many are changed at a time.
    private static let width = 32

    // MARK: One definition

    /// `/jobs/ID/ACTION`.
    func one(_ id: DefinitionID) async throws -> CronWebResponse {
        guard let text = id.text, let address = context.links.action(action, id),
            let page = context.links.definition(id)
        else {
            throw Problem(404, "there is no definition of that id")
        }
        var question = ConfirmPage(context: context, action: action, target: .one(id), address: address, back: page)
        guard !request.isReading else {
            // Whoever asks for a definition that is gone is told so.
            if action != .delete { _ = try await mount.connection.job(id: text) }
            return .page(question.html)
        }
        do {
            if action == .delete, request.form["typed"] != text {
                throw Problem(422, "that is not the id of the definition", field: "typed")
            }
            try await act(on: text)
        } catch {
            let problem = Problem(error)
            guard problem.status == 409 || problem.status == 422 else { throw error }
            (question.complaint, question.former) = (problem.detail, request.form)
            return .page(question.html, status: problem.status)
        }
        await mount.catalogue.renew([id])
        let done = ActionReport(action: action, count: 1, failures: 0).items
        return .seeOther(action == .delete ? context.links.list(done) : "\(page)?\(done.encoded)")
    }

    private func act(on id: String) async throws {
        let call = APICall(mount: mount, request: request, id: id)
        let form = request.form
        switch action {
        case .pause:
            var job = try await mount.connection.job(id: id)
            let (end, note) = (try end(form["until"] ?? ""), form["note"] ?? "")
            try await job.pause(until: end, note: note)
            call.log(
                "paused \(quoted(id))" + (end.map { " until \($0)" } ?? "") + (note.isEmpty ? "" : ": \(quoted(note))"))
        case .resume:
            var job = try await mount.connection.job(id: id)
            try await job.resume()
            call.log("resumed \(quoted(id))")
        case .trigger:
            let job = try await mount.connection.job(id: id)
            switch try await job.trigger(overlap: form["overlap"] == "allow" ? .allow : nil) {
            case .queued(let jobID), .queuedBefore(let jobID): call.log("triggered \(quoted(id)): job \(jobID)")
            case .refused: throw Problem(409, "not queued, because an earlier run is queued or running", id: id)
            }
        case .delete:
            guard try await mount.connection.deleteJob(id: id) else { throw RedisCronError.noSuchJob(id) }
            call.log("deleted \(quoted(id))")
        }
    }

    /// Until when a pause lasts: a time with its offset, or one of the wall clock of the scheduler's zone, as a browser gives it.
    private func end(_ text: String) throws(Problem) -> Timestamp? {
        if text.isEmpty { return nil }
        if let time = Timestamp(parsingWithOffset: Array(text.utf8)) { return time }
        guard let time = WallClock.time(text, in: context.zone.rules) else {
            throw Problem(422, "expected a time such as 2026-06-03T07:40 or 2026-06-03T07:40:00+02:00", field: "until")
        }
        return time
    }

    // MARK: All that a filter shows

    /// `/all/ACTION`.
    func all() async throws -> CronWebResponse {
        var query = CatalogueQuery(context.query)
        (query.sort, query.isDescending, query.offset, query.limit) = (.id, false, 0, Self.most)
        let page = await mount.catalogue.page(query, now: context.now)
        let ids = page.entries.compactMap(\.id.text)
        let (address, back) = (context.links.action(action, context.query), context.links.list(context.query))
        var question = ConfirmPage(
            context: context, action: action,
            target: .all(count: page.total, some: page.entries.prefix(Self.named).map(\.id)), address: address,
            back: back)
        guard page.status.progress == .following else {
            throw Problem(503, "the definitions are not all known yet; try again in a moment")
        }
        guard page.total <= Self.most else {
            throw Problem(422, "\(page.total) definitions are more than \(Self.most): narrow the filter")
        }
        guard !request.isReading else { return .page(question.html) }
        do throws(Problem) {
            if action == .delete, request.form["typed"] != String(page.total) {
                throw Problem(422, "that is not their number: there are \(page.total)", field: "typed")
            }
            _ = try end(request.form["until"] ?? "")
        } catch {
            (question.complaint, question.former) = (error.detail, request.form)
            return .page(question.html, status: error.status)
        }
        let failures = await act(on: ids)
        await mount.catalogue.renew(page.entries.map(\.id))
        let report = ActionReport(action: action, count: ids.count - failures, failures: failures)
        // What was deleted is not there to be shown.
        let rest = action == .delete ? QueryItems() : context.query
        return .seeOther(context.links.list(report.items(behind: rest)))
    }

    /// - Returns: How many could not be changed; the log says why.
    private func act(on ids: [String]) async -> Int {
        await withTaskGroup(of: Bool.self) { group in
            var (failures, rest) = (0, ids[...])
            func addNext() {
                guard let id = rest.popFirst() else { return }
                group.addTask {
                    do {
                        try await act(on: id)
                        return true
                    } catch {
                        APICall(mount: mount, request: request, id: id)
                            .log("could not \(action.rawValue) \(quoted(id)): \(Problem(error).detail)")
                        return false
                    }
                }
            }
            for _ in 0..<Self.width { addNext() }
            for await isDone in group {
                if !isDone { failures += 1 }
                addNext()
            }
            return failures
        }
    }
}

/// What was done, as the address of the page that one comes to says it: in words and numbers only, so that nobody can make a link that
/// puts words into our mouth.
struct ActionReport: Sendable {
    let action: PageAction
    let count: Int
    let failures: Int

    init(action: PageAction, count: Int, failures: Int) {
        (self.action, self.count, self.failures) = (action, count, failures)
    }

    init?(_ items: QueryItems) {
        guard let action = items["done"].flatMap(PageAction.init) else { return nil }
        self.init(
            action: action, count: items["count"].flatMap { Int($0) } ?? 1,
            failures: items["failed"].flatMap { Int($0) } ?? 0)
    }

    /// A query without what says what was done.
    static func removed(from query: QueryItems) -> QueryItems {
        query.setting("done", to: nil).setting("count", to: nil).setting("failed", to: nil)
    }

    var items: QueryItems { items(behind: QueryItems()) }

    func items(behind query: QueryItems) -> QueryItems {
        query.setting("done", to: action.rawValue).setting("count", to: String(count))
            .setting("failed", to: failures == 0 ? nil : String(failures))
    }

    var text: String {
        let deed =
            switch action {
            case .pause: "Paused"
            case .resume: "Resumed"
            case .trigger: "Queued a run of"
            case .delete: "Deleted"
            }
        let what = "\(deed) \(count) definition\(count == 1 ? "" : "s")."
        return failures == 0 ? what : "\(what) \(failures) could not be: the log says why."
    }
}

/// Times as a wall clock shows them.
enum WallClock {
    /// The instant at which the clock of a zone shows `2026-06-03T07:40`, with or without seconds; the first one where it shows it twice,
    /// and where it leaves it out, as much later.
    static func time(_ text: String, in zone: ZoneRules) -> Timestamp? {
        let colons = text.utf8.count { $0 == UInt8(ascii: ":") }
        guard let clock = Timestamp(parsingWithOffset: Array("\(text)\(colons == 1 ? ":00" : "")Z".utf8)) else {
            return nil
        }
        let candidates = [-86_400, 0, 86_400].map { shift in
            clock - .seconds(zone.offset(at: clock.unixSeconds + Int64(shift)))
        }
        let exact = candidates.filter { $0 + .seconds(zone.offset(at: $0.unixSeconds)) == clock }
        return exact.min() ?? candidates.max()
    }
}

extension CronWebResponse {
    /// Where to go on after a form was posted; RFC 9110, section 15.4.4.
    static func seeOther(_ address: String) -> CronWebResponse {
        CronWebResponse(status: 303, headers: ["Location": address])
    }
}
