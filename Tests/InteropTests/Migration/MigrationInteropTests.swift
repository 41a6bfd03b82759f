import Foundation
import RQWire
import RedisCron
import TestSupport
import Testing

/// The scripts that turn what other schedulers have into files for `rqrcron apply`.
@Suite(.timeLimit(.minutes(3)))
struct MigrationInteropTests {
    private static let scripts = "\(PackageRoot.path)/scripts/migrate"

    @Test func `the jobs of an rq cron configuration run as rq cron runs them`() async throws {
        try await withRedis(RawHash.keepsOrder) { server in
            let peer = try Peer(on: server)
            let file = try await Self.run("from-rq-cron.py", ["app.rq_cron_jobs"])
            #expect(file.status == 0, "\(file.errors)")
            let theirs = try await peer.ask(["do": "enqueue_configuration", "config": "app.rq_cron_jobs"]).texts ?? []
            try #require(theirs.count == 6)
            let applied = try await Rqrcron.run(["apply", "-"], on: server, input: file.output)
            #expect(applied.status == 0, "\(applied.errors)")
            let names = ["rebuild", "rebuild:2", "rebuild:3", "nap", "nap:2", "fail"].map { "app.tasks.\($0)" }
            try await withScheduler(on: server) { scheduler in
                #expect(Set(try await scheduler.connection.allJobs().map(\.id)) == Set(names))
                // Those by cron are not due: triggered, they queue the same job.
                for (name, their) in zip(names, theirs) {
                    let job = try await RedisCronJob.fetch(id: name, on: scheduler.connection)
                    let our = try await job.enqueue()
                    let views = try await peer.ask([
                        DefinitionRequest.job(our, .pickle), DefinitionRequest.job(their, .pickle),
                    ])
                    let hashes = try [our, their].map { RawHash(try server.command("HGETALL", "rq:job:\($0)")) }
                    #expect(
                        hashes[0].differences(
                            from: hashes[1], loosely: ["created_at", "enqueued_at", "data", "meta", "description"])
                            == [])
                    #expect(Self.sorted(views[0]) == Self.sorted(views[1]), "\(name)")
                }
                let cron = try await RedisCronJob.fetch(id: names[3], on: scheduler.connection)
                #expect(cron.cron == "*/5 8-18 * * mon-fri")
                #expect(cron.timeZone == nil)
            }
            // Nothing changes when it is applied again, and what leaves the configuration can be pruned.
            let again = try await Rqrcron.run(["apply", "-"], on: server, input: file.output)
            #expect(again.output.contains("0 to create, 0 to change, 0 to delete, 6 unchanged"))
            let empty = #"{"source": "rq-cron", "jobs": []}"#
            let pruned = try await Rqrcron.run(["apply", "--prune", "-"], on: server, input: empty)
            #expect(pruned.output.contains("6 to delete"))
        }
    }

    @Test(arguments: PythonEnvironment.Edition.allCases)
    func `a configuration is read by whichever rq is there`(_ edition: PythonEnvironment.Edition) async throws {
        let path = "\(PythonEnvironment.scripts)/app/rq_cron_jobs.py"
        let file = try await Self.run(
            "from-rq-cron.py", [path, "--prefix", "old:", "--source", "s", "--timezone", "Europe/Berlin"], edition)
        #expect(file.status == 0, "\(file.errors)")
        let read = try CronJobDeclarations(json: Array(file.output.utf8))
        #expect(read.source == "s")
        #expect(read.jobs.map(\.id).prefix(2) == ["old:app.tasks.rebuild", "old:app.tasks.rebuild:2"])
        #expect(read.jobs.map(\.timeZone) == [nil, nil, nil, "Europe/Berlin", "Europe/Berlin", nil])
        #expect(read.jobs.map(\.jobTimeout) == [nil, nil, nil, nil, .seconds(77), .seconds(180)])
        #expect(read.jobs.map(\.resultTTL) == [500, 500, 500, 500, 86_400, -1].map { .seconds($0) })
    }

    @Test func `a configuration that imports Django models is read once Django is set up`() async throws {
        try await withTemporaryDirectory { directory in
            // What Django does as far as it matters here: models cannot be imported before setup().
            for (name, text) in [
                (
                    "django.py",
                    """
                    import importlib, os
                    is_ready = False
                    def setup():
                        global is_ready
                        importlib.import_module(os.environ["DJANGO_SETTINGS_MODULE"])
                        print("apps are loaded")
                        is_ready = True
                    """
                ), ("shop_settings.py", ""),
                (
                    "shop_models.py",
                    """
                    import django
                    if not django.is_ready: raise RuntimeError("Apps aren't loaded yet.")
                    """
                ),
                (
                    "shop_cron.py",
                    """
                    import shop_models
                    from rq import cron
                    from app.tasks import nap
                    cron.register(nap, queue_name="q", args=(1,), cron="0 7 * * *")
                    """
                ),
            ] {
                try text.write(toFile: "\(directory.path)/\(name)", atomically: true, encoding: .utf8)
            }
            let words = ["shop_cron", "--path", directory.path]
            let file = try await Self.run(
                "from-rq-cron.py", words, environment: ["DJANGO_SETTINGS_MODULE": "shop_settings"])
            #expect(file.status == 0, "\(file.errors)")
            #expect(try CronJobDeclarations(json: Array(file.output.utf8)).jobs.map(\.id) == ["app.tasks.nap"])
            let unset = try await Self.run("from-rq-cron.py", words)
            #expect(unset.status == 1)
            let unusable = try await Self.run(
                "from-rq-cron.py", words, environment: ["DJANGO_SETTINGS_MODULE": "no_such_settings"])
            #expect(unusable.status == 1)
            #expect(unusable.output == "")
            #expect(
                unusable.errors.contains("DJANGO_SETTINGS_MODULE is no_such_settings, and Django cannot be set up"))
        }
    }

    @Test(arguments: ["H 7 * * *", "0 7 * * *"])
    func `what ends rq-rediscron stands in the table "Back again"`(_ cron: String) async throws {
        try await withRedis { server in
            let function = cron.hasPrefix("H") ? "app.tasks.rebuild" : "app.tasks.Reports.daily"
            let made = try await Rqrcron.run(
                ["register", "a", "--func", function, "--queue", "q", "--cron", cron], on: server)
            #expect(made.status == 0, "\(made.errors)")
            // A class of its own, so that the function is there.
            let code = """
                import sys
                from redis import Redis
                from app import tasks
                from rediscron import RedisCronScheduler
                from rediscron.cli import main
                tasks.Reports = type("Reports", (), {"daily": staticmethod(tasks.nap)})
                redis = Redis.from_url(sys.argv[1])
                scheduler = RedisCronScheduler(redis)
                sys.argv[1:] = ["info", "-u", sys.argv[1]]
                for fails in (scheduler.get_jobs, main, scheduler.start):
                    redis.zadd("rq:cron_jobs", {"a": 1})
                    try:
                        fails()
                    except Exception as error:
                        print(type(error).__name__)
                """
            let ends = try await PythonEnvironment().run(["-c", code, server.url]).split(separator: "\n")
                // Beside what rq logs.
                .filter { $0.hasSuffix("Error") }
            let expected = cron.hasPrefix("H") ? "CroniterBadCronError" : "ModuleNotFoundError"
            #expect(ends == [Substring](repeating: expected[...], count: 3))
            let row = cron.hasPrefix("H") ? "| `H` in an expression |" : "| a function in a class (`\(function)`) |"
            let page = try String(contentsOfFile: "\(PackageRoot.path)/docs/migration.md", encoding: .utf8)
            #expect(page.contains(row))
        }
    }

    @Test func `what cannot be a definition is named, and nothing is written unless it may be left out`() async throws {
        let refused = try await Self.run("from-rq-cron.py", ["app.rq_cron_odd_jobs"])
        #expect(refused.status == 1)
        #expect(refused.output == "")
        for reason in [
            "args[0] is a tuple", "kwargs['since'] is a date", "args[0][0] has the key 1", "args[0] is a bytes",
            "its interval is 0.5 s", "meta['tags'] is a set", "it has webhooks",
            "Cannot specify both interval and cron",
        ] {
            #expect(refused.errors.contains(reason))
        }
        let skipped = try await Self.run("from-rq-cron.py", ["app.rq_cron_odd_jobs", "--skip"])
        #expect(skipped.status == 0)
        let read = try CronJobDeclarations(json: Array(skipped.output.utf8))
        #expect(read.jobs.map(\.id) == ["app.tasks.nap"])
        let missing = try await Self.run("from-rq-cron.py", ["app.no_such_module"])
        #expect(missing.status == 1)
        #expect(missing.errors.contains("No module named 'app.no_such_module'"))
    }

    @Test func `the recurring jobs of rq-scheduler go on here where they stood there`() async throws {
        try await withRedis { server in
            let peer = try Peer(on: server)
            try await peer.python.run(["\(PythonEnvironment.scripts)/rq_scheduler_jobs.py", server.socketURL])
            let list = "rq:scheduler:scheduled_jobs"
            let refused = try await Self.run("from-rq-scheduler.py", ["-u", server.socketURL])
            #expect(refused.status == 1)
            #expect(refused.output == "")
            for reason in [
                "once: it runs once", "a-few-times: it runs 3 more times", "tuple: args[0] is a tuple",
                "callback: it has a callback for failure", "both-days: '0 12 1 * mon' means",
                "gone: its job is gone",
            ] {
                #expect(refused.errors.contains(reason), "\(refused.errors)")
            }
            let file = try await Self.run("from-rq-scheduler.py", ["-u", server.socketURL, "--skip"])
            #expect(file.status == 0)
            let applied = try await Rqrcron.run(["apply", "-"], on: server, input: file.output)
            #expect(applied.status == 0, "\(applied.errors)")

            let ids = ["plain", "full", "cron", "cron-with-a-year", "cron-with-seconds"]
            try await withScheduler(on: server) { scheduler in
                let jobs = try await scheduler.connection.allJobs()
                #expect(Set(jobs.map(\.id)) == Set(ids))
                for job in jobs {
                    // Both run next at the same second.
                    let score = try server.command("ZSCORE", list, job.id).double
                    #expect(job.nextEnqueueTime?.score == score, "\(job.id)")
                    let our = try await job.enqueue()
                    let views = try await peer.ask([
                        DefinitionRequest.job(our, .pickle), DefinitionRequest.job(job.id, .pickle),
                    ])
                    for field in ["func_name", "args", "kwargs", "origin", "result_ttl", "ttl", "failure_ttl"] {
                        #expect(views[0][JSONString(field)] == views[1][JSONString(field)], "\(job.id)")
                    }
                    // rq-scheduler keeps its own in the meta, and leaves the time-out to the queue.
                    #expect(views[0]["timeout"]?.text == (job.id == "full" ? "77" : "180"))
                    #expect(views[0]["meta"]?.text == (job.id == "full" ? "{'a': ['é'], 'z': 1.0}" : "{}"))
                }
            }
            try await withTemporaryDirectory { directory in
                let path = "\(directory.path)/jobs.json"
                try file.output.write(toFile: path, atomically: true, encoding: .utf8)
                let removed = try await Self.run("from-rq-scheduler.py", ["-u", server.socketURL, "--remove", path])
                #expect(removed.status == 0, "\(removed.errors)")
                #expect(removed.errors.contains("5 jobs removed, 6 left"))
                #expect(try server.command("ZSCORE", list, "once").double != nil)
                // Not before it is applied.
                try server.command("DEL", "rq:cron_job:plain")
                let early = try await Self.run("from-rq-scheduler.py", ["-u", server.socketURL, "--remove", path])
                #expect(early.status == 1)
                #expect(early.errors.contains("plain is not defined; apply the file first"))
            }
        }
    }

    /// Runs a script to its end.
    private static func run(
        _ script: String, _ arguments: [String], _ edition: PythonEnvironment.Edition = .rq3,
        environment: [String: String] = [:]
    ) async throws -> (status: Int32, output: String, errors: String) {
        let process = try PythonEnvironment(edition).start(
            ["\(scripts)/\(script)"] + arguments, environment: environment.merging(["TZ": "UTC"]) { own, _ in own })
        defer { process.kill() }
        guard case .exited(let status) = try await process.waitUntilExit(within: .seconds(60)) else {
            throw SupportError("\(script) was killed:\n\(process.errors)")
        }
        return (status, process.output, process.errors)
    }

    /// A view without what depends on the order of keys: a definition's hash sorts them.
    private static func sorted(_ view: JSONValue) -> [String: String] {
        var fields = view.textFields ?? [:]
        for name in ["description", "kwargs", "_kwargs", "meta", "args", "_args"] {
            fields[name] = fields[name].map { String($0.sorted()) }
        }
        return fields
    }
}
