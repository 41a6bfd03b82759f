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
    /// - Throws: ``CommandFailure`` that names the file and the wrong line.
    mutating func next() throws(CommandFailure) -> [CronJobDeclaration]? {
        var page: [CronJobDeclaration] = []
        page.reserveCapacity(Self.size)
        do throws(DeclarationError) {
            while page.count < Self.size, let job = try reader.next() { page.append(job) }
        } catch {
            throw cursor.failure ?? CommandFailure("\(file.name): \(error.description)")
        }
        if let failure = cursor.failure { throw failure }
        guard page.isEmpty else { return page }
        try file.checkUnchanged()
        return nil
    }
}
