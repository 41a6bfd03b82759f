import RedisBridge

/// The scripts of the scheduler.
///
/// Each has its keys, arguments, answers and the reason for its atomicity in its header. All begin with `guard.lua`, and go on
/// with what several of them share.
enum CronScript {
    static let enqueueBatch = script(
        PackageResources.open_runs_lua + PackageResources.pausing_lua + PackageResources.run_log_lua
            + PackageResources.enqueue_batch_lua)
    static let acquireLock = script(PackageResources.acquire_lock_lua)
    static let reconcileIndex = script(PackageResources.rq_history_lua + PackageResources.reconcile_index_lua)
    static let heartbeat = script(PackageResources.heartbeat_lua)
    static let release = script(PackageResources.release_lua)
    static let saveDefinition = script(PackageResources.save_definition_lua)
    static let createDefinitions = script(PackageResources.create_definitions_lua)
    static let deleteDefinition = script(
        PackageResources.rq_history_lua + PackageResources.forgetting_lua + PackageResources.delete_definition_lua)
    static let deleteFinished = script(
        PackageResources.rq_history_lua + PackageResources.forgetting_lua + PackageResources.delete_finished_lua)
    static let pushJob = script(
        PackageResources.open_runs_lua + PackageResources.run_log_lua + PackageResources.push_job_lua)
    static let lookAtRuns = script(PackageResources.open_runs_lua + PackageResources.look_at_runs_lua)
    static let unfoldRuns = script(PackageResources.unfold_runs_lua)
    static let recordRuns = script(PackageResources.pausing_lua + PackageResources.record_runs_lua)
    static let forgetRuns = script(PackageResources.forgetting_lua + PackageResources.forget_runs_lua)
    static let trimRuns = script(PackageResources.trim_runs_lua)
    static let countRuns = script(PackageResources.count_runs_lua)
    static let expireLock = script(PackageResources.expire_lock_lua)
    static let forgetScheduler = script(PackageResources.forget_scheduler_lua)
    static let keepDefinition = script(PackageResources.keep_definition_lua)
    static let appendRQHistory = script(PackageResources.append_rq_history_lua)
    static let forgetRQHistory = script(PackageResources.rq_history_lua + PackageResources.forget_rq_history_lua)
    static let listCronJobs = script(PackageResources.list_cron_jobs_lua)
    static let tryCommands = script(PackageResources.try_commands_lua)

    /// What the scripts of a leader answer instead of outcomes when the lock is not its own.
    static let lockLost = [UInt8(ascii: "L")]

    private static func script(_ bytes: [UInt8]) -> RedisScript {
        RedisScript(String(decoding: PackageResources.guard_lua + bytes, as: UTF8.self))
    }
}
