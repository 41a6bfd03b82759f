/// The description that RQ gives a job: the call as Python would print it.
enum CallDescription {
    /// Code points of the `repr` of a value beyond which RQ cuts it.
    static let maximalLength = 75

    /// RQ's `get_call_string`: `app.tasks.rebuild('pm25', deep=True)`.
    ///
    /// Keyword arguments are sorted by their text, value included, as RQ does. A lone surrogate in the name of one,
    /// which Python could not even send to Redis, is written as its escape.
    static func append(function: String, args: [JSONValue], kwargs: JSONObject, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: function.utf8)
        bytes.append(UInt8(ascii: "("))
        var isFirst = true
        for argument in args {
            if !isFirst { bytes.append(contentsOf: ", ".utf8) }
            isFirst = false
            PythonRepr.append(argument, to: &bytes, maximalLength: maximalLength)
        }
        for text in keywordTexts(kwargs) {
            if !isFirst { bytes.append(contentsOf: ", ".utf8) }
            isFirst = false
            appendEscapingSurrogates(text, to: &bytes)
        }
        bytes.append(UInt8(ascii: ")"))
    }

    private static func keywordTexts(_ kwargs: JSONObject) -> [JSONString] {
        guard !kwargs.isEmpty else { return [] }
        let texts = kwargs.entries.map { entry in
            var text = entry.key.bytes
            text.append(UInt8(ascii: "="))
            PythonRepr.append(entry.value, to: &text, maximalLength: maximalLength)
            return JSONString(checkedBytes: text)
        }
        return texts.sorted()
    }

    private static func appendEscapingSurrogates(_ text: JSONString, to bytes: inout [UInt8]) {
        // The lead byte of surrogates is also that of U+D000 to U+D7FF, so what follows it decides.
        guard text.bytes.contains(0xED), text.text == nil else {
            bytes.append(contentsOf: text.bytes)
            return
        }
        text.bytes.withUnsafeBufferPointer { text in
            var offset = 0
            while offset < text.count {
                let (codePoint, length) = GeneralizedUTF8.decode(text, at: offset)
                if (0xD800..<0xE000).contains(codePoint) {
                    PythonCharacters.appendEscape(codePoint, to: &bytes)
                } else {
                    bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[offset..<(offset + length)]))
                }
                offset += length
            }
        }
    }
}
