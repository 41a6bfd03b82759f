import Testing

@testable import RedisCronWeb

struct MetricsFormatTests {
    /// What Prometheus 2.42 asks for.
    private static let prometheus2 =
        "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
        + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
    /// What Prometheus 3 asks for.
    private static let prometheus3 =
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,"
        + "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"

    @Test(arguments: [
        ([prometheus2], MetricsFormat.openMetrics),
        ([prometheus3], .openMetrics),
        ([], .prometheus),
        (["*/*"], .prometheus),
        (["text/html,application/xhtml+xml,*/*;q=0.8"], .prometheus),
        (["text/plain"], .prometheus),
        (["application/openmetrics-text"], .openMetrics),
        (["APPLICATION/OpenMetrics-Text ; Version=\"1.0.0\" ; Q=0.2"], .openMetrics),
        // Neither version of it is one that is written.
        (["application/openmetrics-text;version=0.0.1"], .prometheus),
        (["application/openmetrics-text;version=1.0.0;q=0, */*"], .prometheus),
        (["text/plain;q=0.4", "application/openmetrics-text;q=0.5"], .openMetrics),
        (["text/plain;q=0.5", "application/openmetrics-text;q=0.4"], .prometheus),
        // The more specific range counts.
        (["application/*;q=0.9, application/openmetrics-text;q=0.1, text/*;q=0.5"], .prometheus),
        (["application/*;q=0.9, text/*;q=0.5"], .openMetrics),
        // What makes no sense is passed over.
        (["application/openmetrics-text;q=2, text/plain;q=x, ;;,/, application"], .prometheus),
        (["application/openmetrics-text;q=nan"], .prometheus),
    ])
    func `the form is the one that Accept prefers`(accept: [String], format: MetricsFormat) {
        #expect(MetricsFormat(accept: accept) == format)
    }
}
