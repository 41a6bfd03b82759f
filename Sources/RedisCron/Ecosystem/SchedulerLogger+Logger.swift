#if Logging
    public import Logging

    extension SchedulerLogger {
        /// Logs with swift-log.
        ///
        /// The source is `RedisCron`. Lines that tell of one definition or one run have metadata: `definition`, `job`, `queue` and
        /// `planned`, as far as they are known. Those that tell of several runs have their number, `jobs`. Those of a logger that
        /// names a key prefix have it as `prefix`; see ``naming(keyPrefix:)``.
        ///
        /// The level that the logger has now decides which lines are formatted. As with any other ``SchedulerLogger``, its handler may
        /// block.
        public init(_ logger: Logger) {
            self.init(minimumLevel: Level(lowest: logger.logLevel)) { (line: LogQueue.Line) in
                logger.log(
                    level: line.level.ofLogger, "\(line.message)", metadata: line.metadata, source: "RedisCron")
            }
        }
    }

    extension SchedulerLogger.Level {
        /// The lowest level of which a logger with this one writes anything.
        fileprivate init(lowest level: Logger.Level) {
            switch level {
            case .trace, .debug: self = .debug
            case .info: self = .info
            case .notice, .warning: self = .warning
            case .error, .critical: self = .error
            }
        }

        fileprivate var ofLogger: Logger.Level {
            switch self {
            case .debug: .debug
            case .info: .info
            case .warning: .warning
            case .error: .error
            }
        }
    }

    extension LogQueue.Line {
        /// What it is about, and the key prefix that it names.
        fileprivate var metadata: Logger.Metadata? {
            guard let keyPrefix else { return subject?.metadata }
            return (subject?.metadata ?? [:]).merging(["prefix": "\(keyPrefix)"]) { $1 }
        }
    }

    extension LogQueue.Subject {
        fileprivate var metadata: Logger.Metadata? {
            switch self {
            case .event(let event): event.metadata
            case .jobs(let count): ["jobs": "\(count)"]
            }
        }
    }

    extension SchedulerEvent {
        /// What the event is about; `nil` where that is no definition and no run.
        fileprivate var metadata: Logger.Metadata? {
            switch self {
            case .enqueued(let runs):
                Self.metadata(of: runs) {
                    [
                        "definition": $0.id, "job": $0.jobID, "queue": $0.queueName, "planned": $0.planned.description,
                    ]
                }
            case .ended(let runs):
                Self.metadata(of: runs) {
                    ["definition": $0.id, "job": $0.jobID, "planned": $0.planned?.description]
                }
            case .refused(let refused):
                refused.count == 1
                    ? Self.metadata(of: refused) { ["definition": $0.id, "planned": $0.first.description] } : nil
            case .skipped(let id, .alreadyQueued(let planned)):
                ["definition": "\(id)", "planned": "\(planned)"]
            case .skipped(let id, .unusableQueue(let queue)): ["definition": "\(id)", "queue": "\(queue)"]
            case .replaced(let id, let jobID, _): ["definition": "\(id)", "job": "\(jobID)"]
            case .skipped(let id, _), .finished(let id, _), .paused(let id, _), .deletedFinished(let id),
                .badDefinition(let id, _, _):
                ["definition": "\(id)"]
            case .becameLeader, .standingBy, .finding, .definitionsApplied, .definitionsNotApplied, .definitionsGone,
                .lockLost, .releaseFailed, .disconnected, .reconnected, .subscriptionLost, .subscriptionRestored,
                .replicasMissing, .replicasCaughtUp, .stopped, .missed:
                nil
            }
        }

        private static func metadata<Run>(
            of runs: [Run], _ details: (Run) -> [String: String?]
        ) -> Logger.Metadata {
            guard runs.count == 1 else { return ["jobs": "\(runs.count)"] }
            return details(runs[0]).compactMapValues { $0.map { "\($0)" } }
        }
    }
#endif
