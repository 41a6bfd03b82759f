import Foundation
public import Testing

/// Gives a test a seed of its own and writes it under every issue of that test, so that a failure can be replayed.
///
/// The seed is drawn anew for each run, unless the environment variable `REDISCRON_SEED` holds one.
public struct SeedTrait: TestTrait, SuiteTrait, TestScoping {
    @TaskLocal fileprivate static var current: UInt64?

    /// Applies to each test of a suite.
    public var isRecursive: Bool { true }

    /// Runs the test with the seed in reach of ``SeededGenerator/ofTest()``.
    @concurrent public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        let given = ProcessInfo.processInfo.environment["REDISCRON_SEED"].flatMap { UInt64($0) }
        let seed = given ?? .random(in: 0 ... .max)
        let noting = IssueHandlingTrait.compactMapIssues { issue in
            var issue = issue
            issue.comments.append("seed \(seed): replay with REDISCRON_SEED=\(seed)")
            return issue
        }
        try await Self.$current.withValue(seed) {
            try await noting.provideScope(for: test, testCase: testCase, performing: function)
        }
    }
}

extension Trait where Self == SeedTrait {
    /// Draws a seed for the test and prints it when the test fails.
    public static var seeded: Self { SeedTrait() }
}

extension SeededGenerator {
    /// The generator of a test that has the trait ``Testing/Trait/seeded``.
    ///
    /// Each call starts the same sequence. Without the trait it records an issue, since a failure could not be replayed.
    public static func ofTest(sourceLocation: SourceLocation = #_sourceLocation) -> SeededGenerator {
        guard let seed = SeedTrait.current else {
            Issue.record("a test that draws random numbers needs the trait .seeded", sourceLocation: sourceLocation)
            return SeededGenerator(seed: 0)
        }
        return SeededGenerator(seed: seed)
    }
}
