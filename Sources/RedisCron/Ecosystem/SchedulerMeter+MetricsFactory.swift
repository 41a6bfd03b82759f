#if Metrics
    public import Metrics
    import RQWire
    import RedisBridge

    extension SchedulerMeter {
        /// Counts with swift-metrics, under the names that the page of metrics has for Prometheus.
        ///
        /// Counters and meters are told each ``interval``, and at the end of ``RedisCronScheduler/run()``; timers each time. It is for
        /// one scheduler.
        ///
        /// - Parameters:
        ///   - factory: By default the one with which the metrics system was bootstrapped.
        ///   - keyPrefix: Where a process has several schedulers, the key prefix of this one: all that it counts has it as the
        ///     dimension `prefix`.
        public static func swiftMetrics(
            _ factory: any MetricsFactory = MetricsSystem.factory, keyPrefix: String? = nil
        ) -> SchedulerMeter {
            let dimensions = keyPrefix.map { [("prefix", $0)] } ?? []
            let instruments = SchedulerInstruments(factory, dimensions)
            var meter = SchedulerMeter()
            meter.report = { instruments.take($0, $1) }
            meter.enqueueDelays = listener("rediscron_enqueue_delay_seconds", dimensions, factory)
            meter.ticks = listener("rediscron_tick_duration_seconds", dimensions, factory)
            meter.roundTrips = listener("rediscron_redis_roundtrip_seconds", dimensions, factory)
            return meter
        }

        private static func listener(
            _ label: String, _ dimensions: [(String, String)], _ factory: any MetricsFactory
        ) -> Listener {
            let timer = Timer(
                label: label, dimensions: dimensions, preferredDisplayUnit: .seconds, factory: factory)
            return { time, times in
                for _ in 0..<times { timer.recordNanoseconds(time.nanoseconds) }
            }
        }
    }

    /// The counters and meters of a scheduler.
    private final class SchedulerInstruments: Sendable {
        private typealias Reading<Value> = @Sendable (SchedulerHealth, SchedulerMetrics) -> Value

        private let counters: [(counter: Counter, read: Reading<Int>)]
        private let meters: [(meter: Meter, read: Reading<Double?>)]
        /// What the counters have been told so far, in their order.
        private let told: Guarded<[Int]>

        init(_ factory: any MetricsFactory, _ common: [(String, String)]) {
            func counter(
                _ name: String, _ dimension: (String, String)? = nil, _ read: @escaping Reading<Int>
            ) -> (Counter, Reading<Int>) {
                let dimensions = common + (dimension.map { [$0] } ?? [])
                return (Counter(label: "rediscron_\(name)_total", dimensions: dimensions, factory: factory), read)
            }
            func meter(_ name: String, _ read: @escaping Reading<Double?>) -> (Meter, Reading<Double?>) {
                (Meter(label: "rediscron_\(name)", dimensions: common, factory: factory), read)
            }
            var counters = [
                counter("lock_acquisitions") { _, metrics in metrics.lockAcquisitions },
                counter("lock_losses") { _, metrics in metrics.lockLosses },
                counter("redis_reconnects") { _, metrics in metrics.redisReconnects },
                counter("redis_errors") { _, metrics in metrics.redisErrors },
                counter("ticks") { _, metrics in metrics.tickDurations.count },
            ]
            counters += RunReason.allCases.map { reason in
                counter("enqueued", ("reason", reason.rawValue)) { _, metrics in metrics.enqueued[reason, default: 0] }
            }
            counters += RefusalReason.allCases.map { reason in
                counter("skipped", ("reason", reason.rawValue)) { _, metrics in metrics.skipped[reason, default: 0] }
            }
            counters += RunOutcome.allCases.map { outcome in
                counter("outcomes", ("outcome", outcome.rawValue)) { health, _ in health.outcomes[outcome, default: 0] }
            }
            self.counters = counters
            meters = [
                meter("leader") { health, _ in health.state == .leading ? 1 : 0 },
                meter("lock_acquired_timestamp_seconds") { _, metrics in metrics.leadingSince?.unixSecondsExactly },
                meter("heartbeat_timestamp_seconds") { health, _ in health.lastHeartbeat?.unixSecondsExactly },
                meter("redis_connected") { health, _ in health.disconnectedSince == nil ? 1 : 0 },
                meter("clock_skew_seconds") { _, metrics in metrics.clockSkew.map { $0 / .seconds(1) } },
                meter("waiting") { _, metrics in Double(metrics.waiting) },
                meter("last_tick_timestamp_seconds") { health, _ in health.lastTick?.unixSecondsExactly },
                meter("next_due_timestamp_seconds") { _, metrics in metrics.nextDue?.unixSecondsExactly },
            ]
            told = Guarded(Array(repeating: 0, count: counters.count))
        }

        /// Tells what has been counted since the last time, and how things are.
        ///
        /// What is not known now, such as when the next definition is due while another scheduler leads, is left as it was.
        func take(_ health: SchedulerHealth, _ metrics: SchedulerMetrics) {
            told.withLock { told in
                for (index, (counter, read)) in counters.enumerated() {
                    let count = read(health, metrics)
                    if count > told[index] { counter.increment(by: count - told[index]) }
                    told[index] = count
                }
            }
            for (meter, read) in meters { read(health, metrics).map { meter.set($0) } }
        }
    }

    extension Timestamp {
        fileprivate var unixSecondsExactly: Double { Double(microseconds) / 1e6 }
    }

    extension Duration {
        fileprivate var nanoseconds: Int64 {
            let (product, overflows) = microseconds.multipliedReportingOverflow(by: 1_000)
            return overflows ? .max : product
        }
    }
#endif
