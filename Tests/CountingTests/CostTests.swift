import Testing

/// What jobs cost, counted instead of timed: a regression shows on any machine, however busy.
@Suite(.timeLimit(.minutes(3)))
struct CostTests {
    @Test func `a tick with nothing due reads the index, the marker and the next deletion, once, and writes nothing`()
        async throws
    {
        let idle = try await CostReport.shared.value.idle
        #expect(idle.jobs == 0)
        #expect(idle.commands.filter { $0.key != "config|resetstat" } == ["get": 1, "zrangebyscore": 2, "zrange": 1])
    }

    @Test func `a full cache reads no definition`() async throws {
        let warm = try await CostReport.shared.value.warm
        #expect(warm.jobs == 2000)
        #expect(warm.count("hgetall") == 0)
    }

    @Test func `an empty cache reads each definition once`() async throws {
        let report = try await CostReport.shared.value
        #expect(report.cold.count("hgetall") == report.cold.jobs)
    }

    @Test func `a batch is one round trip, with a full cache and with an empty one`() async throws {
        let report = try await CostReport.shared.value
        for pass in [report.cold, report.warm] {
            #expect(pass.count("evalsha") == report.batches)
            // Four pages that hold all entries, being full another one ahead of need, and one that shows that nothing is
            // left: two reads of the index each.
            #expect(pass.count("zrangebyscore") == 12)
        }
    }

    @Test func `inside a batch the index, the queues and the lock are touched for all jobs together`() async throws {
        let report = try await CostReport.shared.value
        for command in ["zmscore", "zadd", "sadd"] {
            #expect(report.warm.count(command) == report.batches, "\(command)")
        }
        // One for the lock of each batch, and the marker with each of six pages of the index.
        #expect(report.warm.count("get") == report.batches + 6)
        // A batch holds jobs of eight queues at most here.
        #expect(report.warm.count("rpush") <= report.batches * 8)
    }

    @Test func `a job costs the server one read of its version, and at most three writes`() async throws {
        let warm = try await CostReport.shared.value.warm
        #expect(warm.count("hget") == warm.jobs)
        let writes = warm.count("hset") + warm.count("restore") + warm.count("expire")
        #expect(writes <= warm.jobs * 3)
    }

    /// The bounds are those of a debug build, which allocates five times as often as a release build.
    @Test(.enabled("this build cannot count allocations") { try await CostReport.shared.value.countsAllocations })
    func `heap allocations per job are bounded, for cached definitions and for new ones`() async throws {
        let report = try await CostReport.shared.value
        let (warm, cold) = (try #require(report.warm.allocations), try #require(report.cold.allocations))
        // Two of them are the note in the log of runs.
        #expect(warm / report.warm.jobs <= 52)
        #expect(cold / report.cold.jobs <= 540)
    }
}
