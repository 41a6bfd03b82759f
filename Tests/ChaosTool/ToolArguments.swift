import Chaos
import Foundation
import TestSupport

/// What the tool was asked to do.
struct ToolArguments {
    private enum Trial: String {
        case faults, soak
    }

    private let trial: Trial
    private var seconds = 600
    private var rate = 2_000
    private var seed = UInt64.random(in: 0...UInt64(UInt32.max))
    private var evidence: String?
    private var topology = TopologyKind.single
    private var faults = Int.max
    private var usesTLS = false

    private static let usage = """
        usage: rediscron-chaos faults [--topology single|sentinel|cluster] [--seconds S] [--faults N] [--seed N]
                                      [--tls yes|no] [--evidence FOLDER]
               rediscron-chaos soak [--seconds S] [--rate R] [--seed N]
        """

    init(_ words: [String]) throws(SupportError) {
        guard let trial = words.first.flatMap(Trial.init(rawValue:)) else { throw SupportError(Self.usage) }
        self.trial = trial
        var rest = words.dropFirst()
        while let option = rest.popFirst() {
            guard let value = rest.popFirst() else { throw SupportError(Self.usage) }
            switch (option, trial) {
            case ("--seconds", _): seconds = try Self.number(value)
            case ("--seed", _): seed = try Self.number(value)
            case ("--evidence", .faults): evidence = value
            case ("--tls", .faults) where value == "yes" || value == "no": usesTLS = value == "yes"
            case ("--faults", .faults): faults = try Self.number(value)
            case ("--topology", .faults):
                guard let kind = TopologyKind(rawValue: value) else { throw SupportError(Self.usage) }
                topology = kind
            case ("--rate", .soak): rate = try Self.number(value)
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
    /// - Returns: Whether all was well.
    func perform(isOver: Observed<Bool>) async throws -> Bool {
        let binary = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent("rqrcron").path
        guard FileManager.default.isExecutableFile(atPath: binary) else {
            throw SupportError("there is no rqrcron beside this program: \(binary)")
        }
        switch trial {
        case .faults: return try await dealFaults(binary, isOver)
        case .soak: return try await soak(binary, isOver)
        }
    }

    private func dealFaults(_ binary: String, _ isOver: Observed<Bool>) async throws -> Bool {
        let began = ContinuousClock.now
        say("chaos: \(topology.rawValue), seed \(seed), \(seconds) s")
        var plan = ChaosPlan(seconds: seconds, seed: seed, binary: binary, topology: topology)
        plan.faults = faults
        plan.usesTLS = usesTLS
        plan.evidence = evidence.map { "\($0)/chaos-\(topology.rawValue)-\(seed)" }
        let outcome = try await ChaosRun.perform(plan, isOver: isOver) { line in
            say("chaos: \(Int((ContinuousClock.now - began) / .seconds(1))) s: \(line)")
        }
        say("\n\(ChaosReport(outcome))")
        return outcome.violations.isEmpty
    }

    private func soak(_ binary: String, _ isOver: Observed<Bool>) async throws -> Bool {
        say("soak: seed \(seed), \(seconds) s, \(rate) runs a second")
        let plan = SoakPlan(seconds: seconds, rate: rate, seed: seed, binary: binary)
        let samples = try await SoakRun.perform(plan, isOver: isOver) { sample in
            let memory = sample.memory.map { "\($0 / 1_048_576)" }.joined(separator: " and ")
            say("soak: \(Int(sample.time)) s: \(sample.jobs) jobs, \(sample.keys) keys, \(memory) MiB")
        }
        say("\n\(SoakReport(plan: plan, samples: samples))")
        return SoakVerdict(samples).growth.isEmpty
    }
}

/// Prints a line at once, also into a pipe.
private func say(_ line: String) {
    FileHandle.standardOutput.write(Data("\(line)\n".utf8))
}
