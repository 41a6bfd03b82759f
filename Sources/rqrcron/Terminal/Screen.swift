#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A terminal that shows one picture after the other without flicker.
///
/// Each picture is one write: every line is overwritten in place and cleared only behind its end, so nothing is
/// ever blank in between. Terminals that know synchronized updates show the picture at once.
struct Screen {
    /// What the terminal could show; lines beyond it would scroll the picture away.
    struct Size: Equatable {
        var columns: Int
        var rows: Int
    }

    /// Sent once before the first picture: clears the screen and hides the cursor.
    static let opening = "\u{1B}[?25l\u{1B}[2J"
    /// Sent at the end: shows the cursor again, below the picture.
    static let closing = "\u{1B}[?25h\n"

    /// The bytes that replace what the screen shows by `lines`.
    ///
    /// When the lines do not fit, those before `tail` last lines are cut, with a note of how many are missing.
    static func picture(_ lines: [String], tail: Int, size: Size) -> String {
        var shown = lines
        if lines.count > size.rows, size.rows > tail + 1 {
            let head = size.rows - tail - 1
            let missing = lines.count - head - tail
            shown = lines.prefix(head) + ["… \(missing) more lines"] + lines.suffix(tail)
        }
        // Without line wrap a long line is cut at the edge instead of pushing the others down.
        var text = "\u{1B}[?2026h\u{1B}[?7l\u{1B}[H"
        text += shown.map { "\($0)\u{1B}[K" }.joined(separator: "\r\n")
        return text + "\u{1B}[J\u{1B}[?7h\u{1B}[?2026l"
    }

    /// The size of the terminal on standard output, or 24 rows of 80 columns.
    static var size: Size {
        var window = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &window) == 0, window.ws_col > 0, window.ws_row > 0 else {
            return Size(columns: 80, rows: 24)
        }
        return Size(columns: Int(window.ws_col), rows: Int(window.ws_row))
    }
}
