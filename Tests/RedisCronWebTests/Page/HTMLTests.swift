import RQWire
import Testing

@testable import RedisCronWeb

struct HTMLTests {
    @Test func `what is put in is text`() {
        let text = #"<script>alert("x" & 'y')</script>"#
        let html: HTML = "<p title=\"\(text)\">\(text)</p>"
        let escaped = "&lt;script&gt;alert(&quot;x&quot; &amp; &#39;y&#39;)&lt;/script&gt;"
        #expect(html.markup == "<p title=\"\(escaped)\">\(escaped)</p>")
    }

    @Test func `pieces stay what they are, and are not escaped twice`() {
        let piece: HTML = "<b>\("&")</b>"
        let pieces: HTML = "\(piece)\([piece, piece])\(HTML.empty)\(Optional<HTML>.none)\(3)"
        #expect(pieces.markup == "<b>&amp;</b><b>&amp;</b><b>&amp;</b>3")
        #expect(HTML([piece, "x"]).markup == "<b>&amp;</b>x")
        #expect((piece + "y").markup == "<b>&amp;</b>y")
    }

    @Test func `control characters are shown, and do nothing`() {
        let html: HTML = "\("a\u{0}\u{1b}[31m\u{7f}\u{85}\n\té")"
        #expect(html.markup == "a␀␛[31m␡\u{fffd}\n\té")
    }

    @Test func `a word for a shell is one word`() {
        #expect(ShellWord.quoted("metric:pm25") == "metric:pm25")
        #expect(ShellWord.quoted("a b") == "'a b'")
        #expect(ShellWord.quoted("it's; rm -rf $HOME") == #"'it'\''s; rm -rf $HOME'"#)
        #expect(ShellWord.quoted("") == "''")
        #expect(ShellWord.quoted("-x") == "-- '-x'")
    }
}
