// Prints the medians of the module Cron beside those of croniter and RQ, measured in the same run.

import Foundation

func column(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
}

func microseconds(_ nanoseconds: Double) -> String {
    let hundredths = Int((nanoseconds / 10).rounded())
    let fraction = hundredths % 100
    return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)"
}

#if DEBUG
    print("This is a debug build; its times say nothing about a release build.")
#endif

func printTable() throws {
    let (version, reference) = try PythonMedians.measure(BenchmarkCase.all)
    print("Medians in microseconds. croniter \(version); RQ is its get_next_enqueue_time, which parses at each call.")
    let headings = [
        "expression", "zone", "next", "previous", "parse", "croniter next", "parse", "RQ next", "RQ next : next",
    ]
    let widths = [28, 20, 7, 9, 8, 14, 8, 9, 1]
    print(zip(headings, widths).map(column).joined())
    for (benchmark, python) in zip(BenchmarkCase.all, reference) {
        let ours = try benchmark.measure()
        let cells = [
            benchmark.expression, benchmark.zone, microseconds(ours.next), microseconds(ours.previous),
            microseconds(ours.parse), microseconds(python.next), microseconds(python.parse),
            microseconds(python.nextByRQ),
            "\(Int((python.nextByRQ / ours.next).rounded()))",
        ]
        print(zip(cells, widths).map(column).joined())
    }
}

do {
    try printTable()
} catch {
    FileHandle.standardError.write(Data("CronBenchmark: \(error)\n".utf8))
    exit(1)
}
