/// Calls of a script whose bytes are made beforehand, for a client that does nothing but send them.
struct ScriptCalls {
    let calls: [[UInt8]]
    /// How many may be on their way at the same time.
    let inFlight: Int

    /// Sends them all.
    ///
    /// - Parameter answered: what to do with each answer, in order.
    func run(on address: ServerAddress, answered: (ControlReply) throws -> Void) throws {
        let connection = try BlockingConnection(address)
        var count = 0
        for (index, call) in calls.enumerated() {
            try connection.append(call)
            try connection.flush()
            if index - count + 1 >= inFlight {
                try answered(connection.reply())
                count += 1
            }
        }
        for _ in count..<calls.count { try answered(connection.reply()) }
    }
}
