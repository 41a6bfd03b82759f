/// What to measure, and how much of it.
struct Options {
    /// The measurements, in their order.
    enum Part: String, CaseIterable {
        case throughput, program, growth, neighbours, latency, storm, start, distance, runs, page, commands, cluster
    }

    var parts = Set(Part.allCases)
    var jobs = 50_000
    var pythonJobs = 2_000
    var rounds = 5
    var programSizes = [60_000, 1_000_000]
    var sizes = [1_000, 10_000, 100_000, 1_000_000]
    var edits = 300
    var stormEdits = 100_000
    var starts = 20
    var runs = 60_000
    var openRuns = 600_000
    var puts = 10_000
    var burst = 100_000
    var viewers = 200
    var commandDefinitions = 1_000_000
    var clusterDefinitions = 30_000
    var json: String?
    var wantsHelp = false
    var countsAllocations = false

    static let help = """
        rediscron-benchmarks [options]

        Measures swift-rediscron beside a plain C pipeline, the bare script and, where .venv has them, the Python
        schedulers, on a redis-server of its own. Checks every result before it counts it.

          --quick              four minutes instead of twenty: smaller sizes, fewer rounds
          --only PARTS         some of throughput,program,growth,neighbours,latency,storm,start,distance,runs,page,
                               commands,cluster
          --jobs N             due definitions of a round (50000)
          --rounds N           rounds of the throughput, all systems in turn (5)
          --python-jobs N      due definitions for rq-rediscron; RQ's cron gets 4 times, enqueue_many 10 times as many (2000)
          --largest N          the largest number of definitions for program, growth, neighbours and page (1000000)
          --edits N            edits for the latency (300)
          --storm N            edits of the storm (100000)
          --starts N           starts of rqrcron (20)
          --runs N             runs that are recorded (60000)
          --open-runs N        runs that are open at the same time (600000)
          --puts N             definitions that are put over the API (10000)
          --burst N            due definitions of a burst while others look at the page (100000)
          --viewers N          viewers of the page (200)
          --definitions N      definitions that the commands read and write (1000000)
          --cluster-definitions N
                               definitions of each of three prefixes on a Redis Cluster (30000)
          --json PATH          writes everything as JSON
          --count-allocations  only counts heap allocations, commands and round trips of a warm and a cold pass, as JSON
        """

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        func number(_ option: String) throws -> Int {
            guard let text = rest.popFirst(), let number = Int(text), number > 0 else {
                throw BenchmarkError("\(option) needs a positive number")
            }
            return number
        }
        func text(_ option: String) throws -> String {
            guard let text = rest.popFirst() else { throw BenchmarkError("\(option) needs a value") }
            return text
        }
        while let option = rest.popFirst() {
            switch option {
            case "--help", "-h": wantsHelp = true
            case "--quick": beQuick()
            case "--only":
                parts = Set(
                    try text(option).split(separator: ",").map { name in
                        guard let part = Part(rawValue: String(name)) else {
                            throw BenchmarkError("there is no part called \(name)")
                        }
                        return part
                    })
            case "--jobs": jobs = try number(option)
            case "--rounds": rounds = try number(option)
            case "--python-jobs": pythonJobs = try number(option)
            case "--largest":
                let largest = try number(option)
                sizes = sizes.filter { $0 < largest } + [largest]
                programSizes = programSizes.filter { $0 < largest } + [largest]
            case "--edits": edits = try number(option)
            case "--storm": stormEdits = try number(option)
            case "--starts": starts = try number(option)
            case "--runs": runs = try number(option)
            case "--open-runs": openRuns = try number(option)
            case "--puts": puts = try number(option)
            case "--burst": burst = try number(option)
            case "--viewers": viewers = try number(option)
            case "--definitions": commandDefinitions = try number(option)
            case "--cluster-definitions": clusterDefinitions = try number(option)
            case "--json": json = try text(option)
            case "--count-allocations": countsAllocations = true
            default: throw BenchmarkError("unknown option \(option); --help lists them")
            }
        }
    }

    private mutating func beQuick() {
        jobs = 20_000
        pythonJobs = 300
        rounds = 3
        programSizes = [60_000]
        sizes = [1_000, 10_000, 100_000]
        edits = 100
        stormEdits = 20_000
        starts = 5
        runs = 20_000
        openRuns = 60_000
        puts = 5_000
        burst = 20_000
        commandDefinitions = 50_000
        clusterDefinitions = 10_000
    }
}
