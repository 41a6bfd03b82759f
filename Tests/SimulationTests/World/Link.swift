/// A connection of one scheduler to the simulated Redis: what is sent arrives in order, late, twice answered never, or
/// not at all.
///
/// `@unchecked Sendable`: see ``World``.
final class Link: @unchecked Sendable {
    /// Why a call failed.
    enum Failure: Error {
        case refused, timedOut, cut
    }

    /// A call under way.
    class Call {
        let number: Int
        /// Whether the caller has gone on, with an answer or without.
        fileprivate(set) var isSettled = false
        fileprivate(set) var wasExecuted = false
        /// Whether its connection was cut, and what it carried went with it.
        fileprivate(set) var isGone = false
        /// Whether its connection was cut, and it arrives all the same.
        fileprivate(set) var isLate = false
        /// Whether it has arrived.
        fileprivate var hasArrived = false

        fileprivate init(number: Int) { self.number = number }
        fileprivate func execute(_ world: World) {}
        fileprivate func answer() {}
        fileprivate func fail(_ error: any Error) {}
    }

    private final class TypedCall<Value: Sendable>: Call {
        private let operation: (World) -> Value
        private let continuation: UnsafeContinuation<Value, any Error>
        private var value: Value?

        init(
            number: Int, continuation: UnsafeContinuation<Value, any Error>, operation: @escaping (World) -> Value
        ) {
            self.operation = operation
            self.continuation = continuation
            super.init(number: number)
        }

        override func execute(_ world: World) {
            wasExecuted = true
            value = operation(world)
        }

        override func answer() {
            guard !isSettled, let value else { return }
            isSettled = true
            continuation.resume(returning: value)
        }

        override func fail(_ error: any Error) {
            guard !isSettled else { return }
            isSettled = true
            continuation.resume(throwing: error)
        }
    }

    /// How long a caller waits for an answer.
    static let commandTimeout: Int64 = 1_000_000

    private unowned let world: World
    private let name: String
    /// Whether the process is gone: nothing is sent any more.
    var isOver = false
    /// When the last answer came.
    private(set) var lastContact: Int64 = -1
    /// How many connections were made after the first one.
    private(set) var reconnects = 0
    /// Whether the next command makes a new one.
    private var isCut = false
    private var calls: [Call] = []
    private var numbers = 0
    /// Calls that arrive late, each behind so many others.
    private var late: [(call: Call, what: StaticString, others: Int)] = []
    private var lastArrival: Int64 = 0
    private var lastAnswer: Int64 = 0

    init(world: World, name: String) {
        self.world = world
        self.name = name
    }

    /// Sends a command and waits for its answer.
    func call<Value: Sendable>(
        _ what: StaticString, _ operation: @escaping (World) -> Value
    ) async throws -> Value {
        numbers += 1
        let number = numbers
        return try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                let call = TypedCall(number: number, continuation: continuation, operation: operation)
                if isOver || Task.isCancelled {
                    call.fail(CancellationError())
                } else {
                    begin(call, what)
                }
            }
        } onCancel: {
            forget(number, CancellationError())
        }
    }

    /// The connection is cut: every caller learns it.
    ///
    /// - Parameter byServer: Whether the server has gone: what was on its way is lost then, and else may arrive all the
    ///   same.
    func cut(byServer: Bool = false) {
        isCut = true
        let all = calls
        calls = []
        for call in all {
            if !call.wasExecuted, !call.isLate, !call.isGone {
                if byServer || world.oneIn(2) { call.isGone = true } else { expectLate(call) }
            }
            call.fail(Failure.cut)
        }
        lastArrival = 0
        lastAnswer = 0
    }

    private func begin(_ call: Call, _ what: StaticString) {
        world.calls += 1
        calls.append(call)
        guard !world.redisIsDown else {
            call.isGone = true
            settle(call, after: world.draw(100...1_000)) { call.fail(Failure.refused) }
            return
        }
        if isCut { (isCut, reconnects) = (false, reconnects + 1) }
        if world.fails(.lostRequest, oneIn: 40) {
            world.note("\(name) \(what) #\(call.number) is lost")
            call.isGone = true
            settle(call, after: Self.commandTimeout) { call.fail(Failure.timedOut) }
            return
        }
        let isLate = world.fails(.lateExecution, oneIn: 40)
        // One after the other: what is due at the same instant happens in any order.
        let arrival = max(lastArrival + 1, world.time + latency())
        if isLate {
            world.note("\(name) \(what) #\(call.number) will arrive late")
            settle(call, after: world.draw(1_000...Self.commandTimeout)) { call.fail(Failure.cut) }
            expectLate(call)
            // At some time, or behind one of the next calls: what matters is between which two it comes.
            if world.oneIn(2) { late.append((call, what, Int(world.draw(1...8)))) }
            world.after(world.draw(1_000...3_000_000)) { [self] _ in execute(call, what) }
        } else {
            lastArrival = arrival
            world.after(arrival - world.time) { [self] _ in execute(call, what) }
        }
    }

    private func expectLate(_ call: Call) {
        call.isLate = true
        world.lateCalls += 1
    }

    private func execute(_ call: Call, _ what: StaticString) {
        guard !call.isGone, !call.hasArrived else { return }
        call.hasArrived = true
        if call.isLate { world.lateCalls -= 1 }
        guard !world.redisIsDown else {
            world.note("\(name) \(what) #\(call.number) finds Redis down")
            call.fail(Failure.cut)
            return
        }
        call.execute(world)
        world.note("\(name) \(what) #\(call.number) executed")
        if !call.isLate { bringLateCalls() }
        if world.fails(.lostReply, oneIn: 30) {
            world.note("\(name) \(what) #\(call.number): the answer is lost")
            settle(call, after: Self.commandTimeout) { call.fail(Failure.timedOut) }
            return
        }
        let answer = max(lastAnswer + 1, world.time + latency())
        lastAnswer = answer
        settle(call, after: answer - world.time) { [self] in
            if !call.isSettled { lastContact = world.time }
            call.answer()
        }
    }

    /// One more call has arrived in time: those that come behind it do.
    private func bringLateCalls() {
        for place in late.indices { late[place].others -= 1 }
        for (call, what, others) in late where others == 0 {
            world.after(1) { [self] _ in execute(call, what) }
        }
        late.removeAll { $0.others == 0 }
    }

    private func settle(_ call: Call, after delay: Int64, _ action: @escaping () -> Void) {
        world.after(delay) { [self] _ in
            action()
            calls.removeAll { $0 === call }
        }
    }

    private func forget(_ number: Int, _ error: any Error) {
        guard let position = calls.firstIndex(where: { $0.number == number }) else { return }
        calls.remove(at: position).fail(error)
    }

    private func latency() -> Int64 {
        if world.fails(.slowLink, oneIn: 10) { return world.draw(1_000...900_000) }
        return world.draw(50...2_000)
    }
}
