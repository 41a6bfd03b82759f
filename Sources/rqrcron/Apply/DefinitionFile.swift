import CronFiles
import ProcessSpawn
import RedisCron

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A file of definitions, or standard input, which can be read several times without holding it in memory.
///
/// What is no regular file, such as a pipe, is copied to a temporary file.
final class DefinitionFile: Sendable {
    /// The path; `-` is standard input.
    let path: String
    private let descriptor: CInt
    private let stamp: Stamp

    /// What tells a file from what it was before.
    private struct Stamp: Equatable {
        let size: Int
        let seconds: Int
        let nanoseconds: Int

        init?(_ descriptor: CInt) {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { return nil }
            size = Int(status.st_size)
            #if canImport(Glibc)
                let changed = status.st_mtim
            #else
                let changed = status.st_mtimespec
            #endif
            (seconds, nanoseconds) = (Int(changed.tv_sec), Int(changed.tv_nsec))
        }
    }

    /// The name in messages.
    var name: String { path == "-" ? "standard input" : path }

    /// Opens a file.
    ///
    /// - Throws: ``CommandFailure`` that names the file.
    init(path: String) throws(CommandFailure) {
        self.path = path
        let name = path == "-" ? "standard input" : path
        let opened = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
        guard opened >= 0 else { throw CommandFailure("cannot read \(name): \(SystemCall.explain(errno))") }
        var status = stat()
        let isRegular = fstat(opened, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        if isRegular, lseek(opened, 0, SEEK_CUR) == 0 {
            descriptor = opened
        } else {
            defer { close(opened) }
            descriptor = try Self.copy(of: opened, name)
        }
        guard let stamp = Stamp(descriptor) else {
            let reason = SystemCall.explain(errno)
            close(descriptor)
            throw CommandFailure("cannot read \(name): \(reason)")
        }
        self.stamp = stamp
    }

    deinit { close(descriptor) }

    /// The declarations from the beginning on, page by page.
    func pages() -> DeclarationPages { DeclarationPages(self) }

    /// All that it holds, for a file that is short.
    ///
    /// - Throws: ``CommandFailure`` that names it and says why it cannot be read.
    func contents() throws(CommandFailure) -> [UInt8] {
        var contents: [UInt8] = []
        while true {
            let portion = try portion(at: contents.count)
            guard !portion.isEmpty else { return contents }
            contents += portion
        }
    }

    /// Reads at an offset.
    ///
    /// - Returns: Nothing at the end.
    fileprivate func portion(at offset: Int) throws(CommandFailure) -> [UInt8] {
        try TemporaryFile.portion(name) { pread(descriptor, $0.baseAddress, $0.count, off_t(offset)) }
    }

    /// - Throws: ``CommandFailure`` if it was written to since it was opened: then it is not what was checked.
    fileprivate func checkUnchanged() throws(CommandFailure) {
        guard Stamp(descriptor) == stamp else { throw CommandFailure("\(name) was changed while it was read") }
    }

    /// Copies what a descriptor yields to a temporary file.
    private static func copy(of source: CInt, _ name: String) throws(CommandFailure) -> CInt {
        let copy = try TemporaryFile.open()
        do throws(CommandFailure) {
            while true {
                let portion = try TemporaryFile.portion(name) { read(source, $0.baseAddress, $0.count) }
                guard !portion.isEmpty else { return copy }
                try TemporaryFile.append(portion, to: copy)
            }
        } catch {
            close(copy)
            throw error
        }
    }
}

/// Declarations that stand one behind the other in a file.
struct DeclarationPage: Sendable {
    /// The name of the file in messages.
    fileprivate let name: String
    /// The declarations, not read yet.
    fileprivate(set) var texts: [DeclarationText] = []
    /// What is wrong with the file behind them, where something is.
    fileprivate(set) var failure: CommandFailure?

    /// Reads the declarations.
    ///
    /// - Throws: ``CommandFailure`` that names the file and the wrong line.
    func declarations() throws(CommandFailure) -> [CronJobDeclaration] {
        var declarations: [CronJobDeclaration] = []
        declarations.reserveCapacity(texts.count)
        for text in texts { declarations.append(try declaration(text)) }
        if let failure { throw failure }
        return declarations
    }

    /// Reads one of them.
    ///
    /// - Throws: ``CommandFailure`` that names the file and the wrong line.
    func declaration(_ text: DeclarationText) throws(CommandFailure) -> CronJobDeclaration {
        do throws(DeclarationError) {
            return try text.declaration()
        } catch {
            throw CommandFailure("\(name): \(error.description)")
        }
    }
}

/// The declarations of a file, page by page.
struct DeclarationPages {
    /// How many declarations there are in a page.
    static let size = 500

    /// What the reader's closure leaves behind: how far it has come, and what went wrong.
    private final class Cursor {
        var offset = 0
        var failure: CommandFailure?
    }

    private let file: DefinitionFile
    private let cursor = Cursor()
    private var reader: DeclarationReader
    private var isOver = false

    fileprivate init(_ file: DefinitionFile) {
        self.file = file
        reader = DeclarationReader { [cursor] in
            do throws(CommandFailure) {
                let portion = try file.portion(at: cursor.offset)
                cursor.offset += portion.count
                return portion.isEmpty ? nil : portion
            } catch {
                cursor.failure = error
                return nil
            }
        }
    }

    /// The name of the source that the file says, as far as it was read.
    var source: String? { reader.source }

    /// The next page; `nil` at the end.
    ///
    /// What is wrong with the text is for the page to say, so that the first wrong line is named whoever reads which page.
    ///
    /// - Throws: ``CommandFailure`` if the file was changed while it was read.
    mutating func next() throws(CommandFailure) -> DeclarationPage? {
        guard !isOver else { return nil }
        var page = DeclarationPage(name: file.name)
        page.texts.reserveCapacity(Self.size)
        do throws(DeclarationError) {
            while page.texts.count < Self.size, let text = try reader.nextText() { page.texts.append(text) }
        } catch {
            page.failure = CommandFailure("\(file.name): \(error.description)")
        }
        page.failure = cursor.failure ?? page.failure
        isOver = page.failure != nil
        guard page.texts.isEmpty, !isOver else { return page }
        try file.checkUnchanged()
        return nil
    }
}
