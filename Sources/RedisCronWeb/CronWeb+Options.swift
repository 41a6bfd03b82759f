public import RedisCron

extension CronWeb {
    /// What may be done through the page and the API, and by whom.
    public struct Options: Sendable {
        /// The names and addresses under which the page may be asked for, as in `Host`: `cron.example`, `10.0.0.7:8600`, `[2001:db8::7]`.
        ///
        /// One without a port is taken with any. `localhost` and addresses of the loopback are always among them. Others are refused
        /// with 421, because of DNS rebinding.
        public var hosts: [String] = []
        /// The secret that everybody needs who wants more than a word of health; `nil` lets everybody read.
        public var token: CronWebToken?
        /// Where the page is mounted: `/cron` for an app that has other pages; empty by default.
        ///
        /// Requests come with it.
        public var mountPath = ""
        /// Whether arguments and metadata of jobs are shown; off by default, since they may hold secrets.
        public var showsArguments = false
        /// Whether definitions may be changed; off by default, and without effect where there is no ``token``.
        public var allowsActions = false
        /// Whether metrics have series for each definition, of at most 1,000; off by default.
        public var hasMetricsPerJob = false
        /// Who is told what was done through the page and the API, and by whom; silent by default.
        public var logger = SchedulerLogger.silent

        /// The defaults: everybody may read, and nobody write.
        public init() {}
    }
}
