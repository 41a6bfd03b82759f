import TestSupport

/// The answer of croniter and RQ to one question.
enum ReferenceAnswer: Sendable {
    /// croniter does not accept the expression.
    case refused
    /// RQ's times, or what the rule for every hour must give instead near a change of the clock.
    case times([Int64], exact: [Int64]?)

    init(line: Substring) throws {
        if line.hasPrefix("refused ") {
            self = .refused
            return
        }
        let parts = line.split(separator: "|", omittingEmptySubsequences: false)
        guard let first = parts.first, first.hasPrefix("accepted") else {
            throw SupportError("cron_reference.py answered with \"\(line)\"")
        }
        let exact = parts.count > 1 ? parts[1].split(separator: " ").compactMap { Int64($0) } : nil
        self = .times(first.split(separator: " ").dropFirst().compactMap { Int64($0) }, exact: exact)
    }

    /// Asks all questions at once, with one Python process.
    static func answers(to cases: [DifferentialCase], from python: PythonEnvironment) async throws -> [ReferenceAnswer]
    {
        let requests = try cases.map { try $0.request }.joined(separator: "\n")
        let output = try await python.run(
            ["\(PythonEnvironment.scripts)/cron_reference.py"], input: requests + "\n", within: .seconds(1200))
        let answers = try output.split(separator: "\n").map { try ReferenceAnswer(line: $0) }
        guard answers.count == cases.count else {
            throw SupportError("cron_reference.py gave \(answers.count) answers to \(cases.count) questions")
        }
        return answers
    }
}
