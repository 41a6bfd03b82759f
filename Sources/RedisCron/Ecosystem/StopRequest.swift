#if ServiceLifecycle
    public import ServiceLifecycle
#endif

/// What asks whatever runs for a stop: cancellation of its task, and graceful shutdown where it is a service of a group.
package enum StopRequest {
    /// Whether the present task has been asked.
    package static var isMade: Bool {
        #if ServiceLifecycle
            Task.isCancelled || Task.isShuttingDownGracefully
        #else
            Task.isCancelled
        #endif
    }

    /// Does something; a request meanwhile, or one that was made before, is handled beside it, and does not end it by itself.
    package static func handled<Value>(
        _ operation: () async throws -> Value, onRequest handle: @escaping @Sendable () -> Void
    ) async throws -> Value {
        #if ServiceLifecycle
            try await withTaskCancellationOrGracefulShutdownHandler(
                operation: operation, onCancelOrGracefulShutdown: handle)
        #else
            try await withTaskCancellationHandler(operation: operation, onCancel: handle)
        #endif
    }

    /// Does something that cancellation ends; a graceful shutdown cancels it.
    package static func cancelling(_ operation: @escaping @Sendable () async -> Void) async {
        #if ServiceLifecycle
            _ = await cancelWhenGracefulShutdown(operation)
        #else
            await operation()
        #endif
    }
}

#if ServiceLifecycle
    /// A service of a `ServiceGroup`: ``RedisCronScheduler/run()`` ends by itself when the group shuts down gracefully.
    ///
    /// ```swift
    /// let group = ServiceGroup(
    ///     services: [server, scheduler], gracefulShutdownSignals: [.sigterm, .sigint], logger: Logger(label: "app"))
    /// try await group.run()
    /// ```
    extension RedisCronScheduler: Service {}
#endif
