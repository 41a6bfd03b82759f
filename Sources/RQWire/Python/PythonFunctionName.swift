/// The dotted name by which a worker finds a function: `module.attribute`, each part a Python identifier.
///
/// Only the form is checked; nothing is imported. Identifiers may contain what Python's `str.isidentifier` allows, such as
/// letters of all scripts. Keywords pass, because a worker looks names up as text.
package struct PythonFunctionName: Sendable, Hashable, CustomStringConvertible {
    /// The whole name.
    package let text: String

    /// Everything before the last dot.
    package var module: Substring { text[..<(text.lastIndex(of: ".") ?? text.endIndex)] }

    /// Everything after the last dot.
    package var attribute: Substring {
        text[(text.lastIndex(of: ".").map { text.index(after: $0) } ?? text.startIndex)...]
    }

    /// The whole name.
    package var description: String { text }

    /// Takes a name of the right form.
    ///
    /// - Throws: ``RQWireError`` with code `.functionName`, which names the part and the character at fault, unless there are
    ///   at least two parts and each of them is an identifier.
    package init(_ text: String) throws(RQWireError) {
        let form = "a function's dotted name such as app.tasks.rebuild"
        func refusal(_ reason: String) -> RQWireError {
            RQWireError(.functionName, text: text.utf8, expected: "\(form), but \(reason)")
        }
        var position = 0
        var part = 1
        var partIsEmpty = true
        for scalar in text.unicodeScalars {
            position += 1
            if scalar == "." {
                if partIsEmpty { throw refusal("part \(part) is empty, at character \(position)") }
                part += 1
                partIsEmpty = true
                continue
            }
            let isAllowed =
                partIsEmpty
                ? PythonCharacters.startsIdentifier(scalar) : PythonCharacters.continuesIdentifier(scalar)
            guard isAllowed else {
                let shown = JSONValue.string(String(scalar)).pythonRepr
                let place = partIsEmpty ? "begin part \(part)" : "be in part \(part)"
                throw refusal("\(shown) cannot \(place), at character \(position)")
            }
            partIsEmpty = false
        }
        if partIsEmpty { throw refusal(position == 0 ? "it is empty" : "part \(part) is empty, at its end") }
        if part < 2 { throw refusal("it has no dot, so it lacks the module") }
        self.text = text
    }
}

extension PythonFunctionName {
    /// Python's reserved words, none of which can be the name of a parameter.
    private static let keywords: Set = [
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
        "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
        "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
    ]

    /// Checks the name of a keyword argument: an identifier that is no reserved word.
    ///
    /// - Throws: ``RQWireError`` with code `.functionName`.
    static func checkKeyword(_ text: String) throws(RQWireError) {
        let form = "the name of a keyword argument such as planned_at"
        guard let first = text.unicodeScalars.first, PythonCharacters.startsIdentifier(first),
            text.unicodeScalars.dropFirst().allSatisfy(PythonCharacters.continuesIdentifier)
        else { throw RQWireError(.functionName, text: text.utf8, expected: form) }
        guard !keywords.contains(text) else {
            throw RQWireError(.functionName, text: text.utf8, expected: "\(form), but it is a reserved word of Python")
        }
    }
}
