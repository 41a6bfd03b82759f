#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Redraws a terminal without flicker.
///
/// Each picture is one write. It overwrites every line in place and clears only the rest of the line, so nothing goes
/// blank in between. Terminals with synchronized updates show the picture at once.
struct Screen {
    /// The size of the terminal; lines beyond it would scroll the picture away.
    struct Size: Equatable {
        var columns: Int
        var rows: Int
    }

    /// Written before the first picture: clears the screen and hides the cursor.
    static let opening = "\u{1B}[?25l\u{1B}[2J"
    /// Written at the end: shows the cursor again, below the picture.
    static let closing = "\u{1B}[?25h\n"

    /// The text that makes the screen show `lines`.
    ///
    /// If they do not fit, lines before the last `tail` lines are left out, and a note says how many.
    static func picture(_ lines: [String], tail: Int, size: Size) -> String {
        var shown = lines
        if lines.count > size.rows, size.rows > tail + 1 {
            let head = size.rows - tail - 1
            let missing = lines.count - head - tail
            shown = lines.prefix(head) + ["… \(missing) more lines"] + lines.suffix(tail)
        }
        // Without line wrap a long line is cut at the edge and does not push the others down.
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
