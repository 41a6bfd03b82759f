import Foundation

/// Watches the resident memory of this process.
final class MemoryWatch: @unchecked Sendable {
    // `@unchecked Sendable`: everything is touched under the lock.
    private let lock = NSLock()
    private let before = ResidentMemory.megabytes(of: "self")
    private var most = 0.0
    private var isOver = false

    init() {
        Thread.detachNewThread { [self] in
            while lock.withLock({ !isOver }) {
                let now = ResidentMemory.megabytes(of: "self")
                lock.withLock { most = max(most, now) }
                Pause.milliseconds(10)
            }
        }
    }

    /// Ends.
    ///
    /// - Returns: megabytes by which it grew at most.
    func end() -> Double {
        lock.withLock {
            isOver = true
            return max(0, most - before)
        }
    }
}

/// Resident memory, as Linux tells it.
enum ResidentMemory {
    /// Megabytes of a process by its id or `self`; 0 where there is no `/proc`.
    static func megabytes(of process: String) -> Double {
        guard let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") })
        else { return 0 }
        return (Double(line.filter(\.isNumber)) ?? 0) / 1024
    }
}
