import Cron
import Foundation
import TestSupport
import Testing

/// Compares the examples of docs/cron.md with the code.
@Suite(.timeLimit(.minutes(5))) struct CronDocumentationTests {
    private static let rows: [MarkdownRow] = {
        let text = try? String(contentsOfFile: "\(PackageRoot.path)/docs/cron.md", encoding: .utf8)
        return MarkdownRow.rows(of: text ?? "")
    }()

    @Test func `each form of a column has the documented times, and the same in croniter`() async throws {
        let examples = Self.rows.filter { $0["next three times"] != nil }
        #expect(examples.count >= 30)
        let cases = try examples.map { row in
            let code = row.code(in: "example")
            return DifferentialCase(
                try #require(code.first), id: code.dropFirst().first, zone: .utc, base: CronExpressionTests.newYear2026)
        }
        let answers = try await ReferenceAnswer.answers(to: cases, from: PythonEnvironment())
        for (row, (example, answer)) in zip(examples, zip(cases, answers)) {
            guard case .times(let times) = example.outcome, case .times(let byRQ, _) = answer else {
                Issue.record("\(row): \(example.outcome), \(answer)")
                continue
            }
            let shown = times.prefix(3).map { LocalTime($0, in: .utc, showsOffset: false).description }
            #expect(row["next three times"] == shown.joined(separator: ", "), "\(row)")
            #expect(times == byRQ, "\(row)")
        }
    }

    @Test func `each refused expression has the error in the documentation`() throws {
        let refusals = Self.rows.filter { $0["error"] != nil }
        #expect(refusals.count >= 8)
        for row in refusals {
            let text = try #require(row.code(in: "text").first)
            let error = try #require(throws: CronExpressionError.self) { try CronExpression(text) }
            #expect(row["error"] == error.description, "\(row)")
        }
    }

    @Test func `clock changes have the times in the documentation, here and in RQ`() async throws {
        let nights = Self.rows.filter { $0["fires at"] != nil }
        #expect(nights.count >= 17)
        let cases = try nights.map { row in
            let zone = try ZoneRules(identifier: #require(row["zone"]))
            let base = try LocalTime(parsing: #require(row["after"]), in: zone).instant
            return DifferentialCase(try #require(row.code(in: "example").first), zone: zone, base: base)
        }
        let answers = try await ReferenceAnswer.answers(to: cases, from: PythonEnvironment())
        for (row, (night, answer)) in zip(nights, zip(cases, answers)) {
            guard case .times(let times) = night.outcome, case .times(let byRQ, _) = answer else {
                Issue.record("\(row): \(night.outcome), \(answer)")
                continue
            }
            let zone = try ZoneRules(identifier: night.zone)
            let here = Self.shown(times, after: night.base, in: zone)
            let there = Self.shown(byRQ, after: night.base, in: zone)
            #expect(row["fires at"] == here, "\(row)")
            #expect(row["RQ"] == (here == there ? "the same" : there), "\(row)")
        }
    }

    /// Four times, with date and offset where they change.
    private static func shown(_ times: [Int64], after base: Int64, in zone: ZoneRules) -> String {
        var before = LocalTime(base, in: zone).description.split(separator: " ")
        return times.prefix(4).map { time in
            let parts = LocalTime(time, in: zone).description.split(separator: " ")
            defer { before = parts }
            // Date, time of day, offset: the time of day always.
            return parts.indices.filter { $0 == 1 || parts[$0] != before[$0] }.map { parts[$0] }.joined(separator: " ")
        }.joined(separator: ", ")
    }
}
