import RQWire
import Testing

@Suite struct PythonFunctionNameTests {
    @Test(arguments: [
        ("app.tasks.rebuild", "app.tasks", "rebuild"), ("m.f", "m", "f"), ("_._", "_", "_"),
        ("größe.straße", "größe", "straße"),
        ("пакет.имя", "пакет", "имя"), ("a1.class", "a1", "class"),
    ])
    func `a dotted name of identifiers has a module and an attribute`(
        text: String, module: String, attribute: String
    ) throws {
        let name = try PythonFunctionName(text)
        #expect(name.text == text)
        #expect(name.module == module)
        #expect(name.attribute == attribute)
    }

    @Test(arguments: [
        ("", "it is empty"), ("rebuild", "it has no dot"), (".f", "part 1 is empty, at character 1"),
        ("m.", "part 2 is empty, at its end"), ("a..f", "part 2 is empty, at character 3"),
        ("a.1f", "'1' cannot begin part 2, at character 3"), ("my-app.f", "'-' cannot be in part 1, at character 3"),
        ("a.f()", "'(' cannot be in part 2, at character 4"),
        ("a.<lambda>", "'<' cannot begin part 2, at character 3"),
        ("a. f", "' ' cannot begin part 2"), ("a.f\n", #"'\n' cannot be in part 2"#), ("a.😀", "cannot begin part 2"),
        ("a.b\u{200D}c", #"'\u200d' cannot be in part 2"#),
        ("e\u{301}.\u{301}", "cannot begin part 2, at character 4"),
    ])
    func `a name of another form is refused with the position`(text: String, reason: String) {
        let error = #expect(throws: RQWireError.self) { try PythonFunctionName(text) }
        #expect(error?.code == .functionName)
        #expect(error?.description.contains(reason) == true, "\(error as Any)")
    }
}
