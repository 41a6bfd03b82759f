import TestSupport
import Testing

/// Asks the real Python packages what the wire format should be, with one process for all questions of a test.
struct WireOracle {
    /// The part of `wire_oracle.py` that answers.
    let operation: String
    var edition = PythonEnvironment.Edition.rq3

    /// The answers in the order of the questions.
    ///
    /// - Throws: ``SupportError`` when there is no Python, when it fails, or when an answer is missing.
    func answers(to questions: [String]) async throws -> [Substring] {
        let python = try PythonEnvironment(edition)
        let script = "\(PythonEnvironment.scripts)/wire_oracle.py"
        let output = try await python.run(
            [script, operation], environment: ["PYTHONUNBUFFERED": ""],
            input: questions.joined(separator: "\n") + "\n")
        let answers = output.split(separator: "\n")
        guard answers.count == questions.count else {
            throw SupportError("\(questions.count) questions to Python, but \(answers.count) answers")
        }
        return answers
    }

    /// Compares our answers with Python's, and records the first few that differ.
    func compare<Question>(
        _ questions: [Question], asking question: (Question) -> String, with own: (Question) -> String,
        showing show: (Question) -> String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let answers = try await answers(to: questions.map(question))
        var differences = 0
        for (question, answer) in zip(questions, answers) {
            let own = own(question)
            guard own != answer else { continue }
            differences += 1
            if differences <= 5 {
                Issue.record(
                    "\(show(question)): Python says \(WireText.readable(answer)), we say \(WireText.readable(own))",
                    sourceLocation: sourceLocation)
            }
        }
        #expect(
            differences == 0, "\(differences) of \(questions.count) answers differ", sourceLocation: sourceLocation)
    }
}

/// Bytes in questions and answers: hexadecimal after an `x`.
enum WireText {
    static func hex(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text = [UInt8(ascii: "x")]
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    static func bytes(_ hex: some StringProtocol) -> [UInt8] {
        let digits = Array(hex.utf8.dropFirst())
        return stride(from: 0, to: digits.count - 1, by: 2).map { position in
            UInt8(String(decoding: digits[position...(position + 1)], as: UTF8.self), radix: 16) ?? 0
        }
    }

    /// An answer for people: its hexadecimal parts as text.
    static func readable(_ answer: some StringProtocol) -> String {
        answer.split(separator: " ").map { part in
            part.first == "x" ? String(decoding: bytes(part), as: UTF8.self).debugDescription : String(part)
        }.joined(separator: " ")
    }
}
