import Chaos
import Foundation
import TestSupport

/// What the tool was asked to do.
struct ToolArguments {
    private var seconds = 600
    private var seed = UInt64.random(in: 0...UInt64(UInt32.max))
    private var evidence: String?

    private static let usage = "usage: rediscron-chaos faults [--seconds S] [--seed N] [--evidence FOLDER]"

    init(_ words: [String]) throws(SupportError) {
        guard words.first == "faults" else { throw SupportError(Self.usage) }
        var rest = words.dropFirst()
        while let option = rest.popFirst() {
            guard let value = rest.popFirst() else { throw SupportError(Self.usage) }
            switch option {
            case "--seconds": seconds = try Self.number(value)
            case "--seed": seed = try Self.number(value)
            case "--evidence": evidence = value
            default: throw SupportError(Self.usage)
            }
        }
    }

    private static func number<Number: FixedWidthInteger>(_ text: String) throws(SupportError) -> Number {
        guard let number = Number(text), number > 0 else { throw SupportError("\(text) is no positive whole number") }
        return number
    }

    /// Does it, and prints what came of it.
    ///
    /// - Returns: Whether all promises were kept.
    func perform(isOver: Observed<Bool>) async throws -> Bool {
        let binary = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent("rqrcron").path
        guard FileManager.default.isExecutableFile(atPath: binary) else {
            throw SupportError("there is no rqrcron beside this program: \(binary)")
        }
        let began = ContinuousClock.now
        say("chaos: seed \(seed), \(seconds) s")
        var plan = ChaosPlan(seconds: seconds, seed: seed, binary: binary)
        plan.evidence = evidence.map { "\($0)/chaos-\(seed)" }
        let outcome = try await ChaosRun.perform(plan, isOver: isOver) { line in
            say("chaos: \(Int((ContinuousClock.now - began) / .seconds(1))) s: \(line)")
        }
        say("\n\(ChaosReport(outcome))")
        return outcome.violations.isEmpty
    }
}

/// Prints a line at once, also into a pipe.
private func say(_ line: String) {
    FileHandle.standardOutput.write(Data("\(line)\n".utf8))
}
