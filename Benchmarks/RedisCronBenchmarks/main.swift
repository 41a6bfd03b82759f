// Measures what a job costs and how fast it goes, beside the alternatives; see docs/performance.md.

import Foundation

do {
    let options = try Options(Array(CommandLine.arguments.dropFirst()))
    if options.wantsHelp {
        print(Options.help)
    } else if options.countsAllocations {
        print(try await CostCount.run().json)
    } else {
        #if DEBUG
            Progress.note("This is a debug build; its figures say nothing about a release build.")
        #endif
        let report = try await Benchmark(options).run()
        if let path = options.json { try report.write(to: path) }
        print(report.text)
    }
} catch {
    Progress.note("rediscron-benchmarks: \(error)")
    exit(1)
}
