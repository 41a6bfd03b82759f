import RQWire
import Testing

@Suite struct RQKeysTests {
    @Test func `the default keys are those of RQ and rq-rediscron`() throws {
        let keys = RQKeys()
        #expect(keys.cronJob("metric:pm25") == "rq:cron_job:metric:pm25")
        #expect(keys.cronJob("app.f:jobs") == "rq:cron_job:app.f:jobs")
        #expect(keys.cronJobs == "rq:cron_jobs")
        #expect(keys.lock == "rq:cron_jobs:lock")
        #expect(keys.lastUpdate == "rq:cron_jobs:last_update")
        #expect(keys.events == "rq:cron_jobs:events")
        #expect(keys.cronSchedulers == "rq:cron_schedulers")
        #expect(keys.cronScheduler("host:1:abc") == "rq:cron_scheduler:host:1:abc")
        #expect(keys.queues == "rq:queues")
        #expect(keys.queue("metrics") == "rq:queue:metrics")
        #expect(keys.deletions == "rq:cron_jobs:deletions")
        #expect(keys.intermediate(queue: "q") == "rq:queue:q:intermediate")
        #expect(keys.scheduled(queue: "q") == "rq:scheduled:q")
        #expect(keys.pubsub(worker: "w1") == "rq:pubsub:w1")
        #expect(keys.executions(RQJobID.random()).hasPrefix("rq:executions:"))
        #expect(try RQKeys(prefix: "rq") == keys)
    }

    @Test(arguments: ["{rq}", "a", "A.b:c-d_0"])
    func `every key begins with the prefix`(prefix: String) throws {
        let keys = try RQKeys(prefix: prefix)
        #expect(keys.prefix == prefix)
        #expect(keys.queue("q") == "\(prefix):queue:q")
        #expect(keys.cronJobPrefix + "x" == keys.cronJob("x"))
    }

    @Test(arguments: ["", "a b", "a\n", "é", "a*", "rq/", "a\0"])
    func `prefixes that RQ refuses are refused`(prefix: String) {
        let error = #expect(throws: RQWireError.self) { try RQKeys(prefix: prefix) }
        #expect(error?.code == .keyPrefix)
    }
}
