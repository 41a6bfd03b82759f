import Chaos
import Foundation
import TestSupport

// `rediscron-chaos faults` and `rediscron-chaos soak`: what `make chaos` and `make soak` run.

let isOver = Observed(false)
let arguments: ToolArguments
do {
    arguments = try ToolArguments(Array(CommandLine.arguments.dropFirst()))
} catch {
    FileHandle.standardError.write(Data("\(error)\n".utf8))
    exit(2)
}

// The first signal ends the dealing, and what was dealt is checked; the second one ends the process, and with it
// everything that it started.
let signals = [SIGINT, SIGTERM].map { number in
    signal(number, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
    source.setEventHandler {
        let isSecond = isOver.update { over in
            defer { over = true }
            return over
        }
        if isSecond { exit(128 + number) }
    }
    source.resume()
    return source
}

do {
    let isGood = try await arguments.perform(isOver: isOver)
    exit(isGood ? 0 : 1)
} catch {
    FileHandle.standardError.write(Data("\(error)\n".utf8))
    exit(1)
}
