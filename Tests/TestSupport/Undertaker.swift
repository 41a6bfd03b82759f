import Foundation
import ProcessSpawn

/// Buries what a test process leaves behind when it dies by crash, time-out or SIGKILL: child processes and directories.
///
/// A shell of a few lines reads the names of what is alive from a socket. When this process is gone, however it went,
/// the socket closes, and the shell kills and removes what was still on its list. Unlike Linux' `PR_SET_PDEATHSIG`
/// it works on macOS too, and is not tied to the thread that started the child.
final class Undertaker: Sendable {
    static let shared = Undertaker()

    /// Our end of the socket, or -1 when no shell could be started (then nobody is buried, and tests run on).
    private let socket: Int32

    private static let script = """
        alive=' ' folders=' '
        while read -r verb name; do
            case $verb in
            +p) alive="$alive$name " ;;
            -p) alive="${alive%% $name *} ${alive#* $name }" ;;
            +d) folders="$folders$name " ;;
            -d) folders="${folders%% $name *} ${folders#* $name }" ;;
            esac
        done
        for process in $alive; do kill -s KILL -- "-$process" 2>/dev/null; done
        for folder in $folders; do
            case $folder in /tmp/rediscron-*) rm -rf -- "$folder" ;; esac
        done
        """

    /// Starts the shell; tests share one, ``shared``, which lives as long as the process.
    init() {
        var ends: [Int32] = [-1, -1]
        #if os(Linux)
            let kind = Int32(SOCK_STREAM.rawValue)
        #else
            let kind = SOCK_STREAM
        #endif
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            socket = -1
            return
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[1]) }
        let shell = Spawn(
            "/bin/sh", ["-c", Self.script], environment: ["PATH=/usr/bin:/bin"], descriptors: [0: ends[1]])
        guard (try? shell.start()) != nil else {
            close(ends[0])
            socket = -1
            return
        }
        socket = ends[0]
    }

    deinit {
        close(socket)
    }

    /// Puts a child, the leader of its own process group, on the list.
    func adopt(process: pid_t) { tell("+p \(process)") }

    /// Takes a child off the list; to be called before its id can belong to another process.
    func release(process: pid_t) { tell("-p \(process)") }

    /// Puts a directory on the list.
    func adopt(directory: String) { tell("+d \(directory)") }

    /// Takes a directory off the list.
    func release(directory: String) { tell("-d \(directory)") }

    private func tell(_ line: String) {
        guard socket >= 0 else { return }
        // One send per line, far below the socket's buffer: it is written whole, also by several threads at once.
        let bytes = Array("\(line)\n".utf8)
        #if os(Linux)
            _ = send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        #else
            _ = send(socket, bytes, bytes.count, 0)
        #endif
    }
}
