extension CommandOption {
    static let function = CommandOption(
        "func", value: .required("NAME"), summary: "The dotted name of the function, such as app.tasks.rebuild.")
    static let queue = CommandOption(
        "queue", value: .required("QUEUE"), summary: "The queue that the jobs go to.", completion: .queues)
    static let interval = CommandOption(
        "interval", value: .required("SECONDS"), summary: "Run every so many seconds; a whole number of at least 1.")
    static let cron = CommandOption(
        "cron", value: .required("EXPR"), summary: "Run at the times of a cron expression, such as '*/5 * * * *'.")
    static let args = CommandOption(
        "args", value: .required("JSON"), summary: "The positional arguments, a JSON array. Default: [].")
    static let kwargs = CommandOption(
        "kwargs", value: .required("JSON"), summary: "The keyword arguments, a JSON object. Default: {}.")
    static let meta = CommandOption(
        "meta", value: .required("JSON"), summary: "The job's meta data, a JSON object. Default: {}.")
    static let jobTimeout = CommandOption(
        "job-timeout", value: .required("SECONDS"), summary: "How long a job may run; -1 for ever. Default: 180.")
    static let resultTTL = CommandOption(
        "result-ttl", value: .required("SECONDS"),
        summary: "How long a result is kept; 0 not at all, -1 for ever. Default: 500.")
    static let ttl = CommandOption(
        "ttl", value: .required("SECONDS"), summary: "How long a job may wait in its queue. Default: for ever.")
    static let failureTTL = CommandOption(
        "failure-ttl", value: .required("SECONDS"),
        summary: "How long a failed job is kept; -1 for ever. Default: the worker's, a year.")
    static let enabled = CommandOption("enabled", summary: "Enable it, if it was disabled.")
    static let disabled = CommandOption("disabled", summary: "Register it disabled, or disable it.")
}
