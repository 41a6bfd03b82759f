import RQWire

/// A declaration that was found in a file and not read yet.
///
/// To find it is cheap and has to be done in the order of the file. To read it takes some ten times as long, and several can be read at the
/// same time.
package struct DeclarationText: Sendable {
    private enum Content: Sendable {
        /// One of the crontab-like text, whose line had to be read to be known as one.
        case read(CronJobDeclaration)
        /// A value of JSON that begins with a brace, and where that is in the file.
        case json([UInt8], at: TextPlace)
    }

    private let content: Content

    /// A declaration that was read.
    init(_ declaration: CronJobDeclaration) {
        content = .read(declaration)
    }

    /// An object of JSON, from its brace on.
    init(json bytes: [UInt8], at place: TextPlace) {
        content = .json(bytes, at: place)
    }

    /// Reads it.
    ///
    /// - Throws: ``DeclarationError`` for the first line that is wrong, which may hold an unknown key.
    package func declaration() throws(DeclarationError) -> CronJobDeclaration {
        switch content {
        case .read(let declaration): return declaration
        case .json(let bytes, let place):
            guard case .object(let fields) = try Self.value(of: bytes, at: place) else {
                throw DeclarationError.wrong(at: place, "a definition must be an object")
            }
            let lines = bytes.contains(UInt8(ascii: "\n")) ? LinesOfKeys(bytes, at: place) : nil
            return try DeclarationFields(fields) { key in lines?.line(of: key) ?? place.line }.declaration()
        }
    }

    /// Reads a value of JSON.
    ///
    /// - Parameter place: Where it begins in the file.
    static func value(of bytes: [UInt8], at place: TextPlace) throws(DeclarationError) -> JSONValue {
        do throws(JSONError) {
            return try bytes.withUnsafeBufferPointer { bytes in
                Result { () throws(JSONError) in try JSONValue(parsing: bytes, duplicateKeys: .refused) }
            }.get()
        } catch {
            let complaint = error.code == .duplicateKey ? "" : "no JSON: "
            throw .wrong(at: place.advanced(by: error.offset, in: bytes), "\(complaint)expected \(error.expected)")
        }
    }
}

extension DeclarationError {
    /// Something that is wrong at one byte: the column is named as well, since a file may be one long line.
    static func wrong(at place: TextPlace, _ message: String) -> DeclarationError {
        DeclarationError(line: place.line, "\(message) (column \(place.column))")
    }
}

/// The lines on which the keys of a definition are, for messages.
private struct LinesOfKeys {
    private var lines: [JSONString: Int] = [:]

    /// - Parameter start: Where the definition begins in the file.
    init(_ bytes: [UInt8], at start: TextPlace) {
        let places = bytes.withUnsafeBufferPointer { bytes in
            (try? JSONValue.parse(bytes, duplicateKeys: .refused, placesToDepth: 1))?.places ?? []
        }
        for place in places {
            guard let key = place.key else { continue }
            lines[key] = start.advanced(by: place.offset, in: bytes).line
        }
    }

    func line(of key: String) -> Int? { lines[JSONString(key)] }
}
