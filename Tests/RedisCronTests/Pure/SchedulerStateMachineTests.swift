import Testing

@testable import RedisCron

@Suite struct SchedulerStateMachineTests {
    typealias State = SchedulerStateMachine.State
    typealias ImpossibleTransition = SchedulerStateMachine.ImpossibleTransition

    private static let lease = Lease(token: "a:1", timeToLive: .seconds(120), renewedAt: .seconds(10))
    private static let renewed = Lease(token: "a:1", timeToLive: .seconds(120), renewedAt: .seconds(50))
    private static let other = Lease(token: "a:2", timeToLive: .seconds(120), renewedAt: .seconds(70))
    private var lease: Lease { Self.lease }

    private static func machine(_ policy: LockHeldPolicy = .fail, in state: State = .idle) throws
        -> SchedulerStateMachine
    {
        var machine = SchedulerStateMachine(whenLockHeld: policy)
        switch state {
        case .idle: break
        case .acquiring: _ = try machine.acquire()
        case .waiting:
            machine = SchedulerStateMachine(whenLockHeld: .standBy)
            _ = try machine.acquire()
            _ = try machine.lockAnswered(nil)
        case .leading(let lease):
            _ = try machine.acquire()
            _ = try machine.lockAnswered(lease)
        case .draining(nil): machine.stop()
        case .draining(let lease?):
            _ = try machine.acquire()
            _ = try machine.lockAnswered(lease)
            machine.stop()
        case .stopped:
            machine.stop()
            try machine.released(mayBeginAgain: false)
        }
        #expect(machine.state == state)
        return machine
    }

    private func machine(_ policy: LockHeldPolicy = .fail, in state: State = .idle) throws -> Cell<
        SchedulerStateMachine
    > {
        Cell(try Self.machine(policy, in: state))
    }

    // MARK: Every event in every state

    /// What can happen to a scheduler.
    enum Event: CaseIterable {
        case acquire, given, denied, renewed, lost, lateRenewal, lateLoss, stop, released, ended
    }

    /// All states, with and without a lease.
    private static let states: [State] = [
        .idle, .acquiring, .waiting, .leading(lease), .draining(lease), .draining(nil), .stopped,
    ]

    /// The state after an event, or `nil` where the event is impossible.
    private static func next(_ state: State, _ event: Event) -> State? {
        switch (event, state) {
        case (.acquire, .leading): nil
        case (.acquire, .draining), (.acquire, .stopped): state
        case (.acquire, _): .acquiring
        case (.given, .acquiring): .leading(other)
        case (.denied, .acquiring): .idle
        case (.given, .draining), (.denied, .draining): state
        case (.given, _), (.denied, _): nil
        case (.renewed, .leading): .leading(renewed)
        case (.renewed, .draining(.some)): .draining(renewed)
        case (.lost, .leading): .acquiring
        case (.lost, .draining(.some)): .draining(nil)
        case (.renewed, _), (.lost, _), (.lateRenewal, _), (.lateLoss, _): state
        case (.stop, .leading(let lease)): .draining(lease)
        case (.stop, .draining), (.stop, .stopped): state
        case (.stop, _): .draining(nil)
        case (.released, .leading), (.released, .stopped), (.ended, .leading), (.ended, .stopped): nil
        case (.released, _): .idle
        case (.ended, _): .stopped
        }
    }

    private static func apply(_ event: Event, to machine: inout SchedulerStateMachine) throws {
        switch event {
        case .acquire: _ = try machine.acquire()
        case .given: _ = try machine.lockAnswered(other)
        case .denied: _ = try machine.lockAnswered(nil)
        case .renewed: machine.renewed(token: "a:1", sentAt: .seconds(50))
        case .lost: _ = machine.lockLost(token: "a:1")
        case .lateRenewal: machine.renewed(token: "a:0", sentAt: .seconds(50))
        case .lateLoss: _ = machine.lockLost(token: "a:0")
        case .stop: machine.stop()
        case .released: try machine.released(mayBeginAgain: true)
        case .ended: try machine.released(mayBeginAgain: false)
        }
    }

    @Test(arguments: Event.allCases)
    func `every event leads from every state to the one that is expected, or throws and changes nothing`(
        event: Event
    ) throws {
        for state in Self.states {
            var machine = try Self.machine(in: state)
            let expected = Self.next(state, event)
            do {
                try Self.apply(event, to: &machine)
                #expect(machine.state == expected, "\(event) in \(state)")
            } catch let error as ImpossibleTransition {
                #expect(expected == nil, "\(event) in \(state) threw \(error)")
                #expect(machine.state == state)
                #expect(error.state == state)
            }
        }
    }

    @Test func `an impossible transition names the state and what happened`() throws {
        var leading = try Self.machine(in: .leading(lease))
        let asked = #expect(throws: ImpossibleTransition.self) { _ = try leading.acquire() }
        #expect(asked?.description == "a scheduler that was leading asked for the lock")
        var stopped = try Self.machine(in: .stopped)
        let given = #expect(throws: ImpossibleTransition.self) { _ = try stopped.lockAnswered(Self.lease) }
        #expect(given?.description == "a scheduler that was stopped was given the lock")
        let denied = #expect(throws: ImpossibleTransition.self) { _ = try stopped.lockAnswered(nil) }
        #expect(denied?.description == "a scheduler that was stopped was denied the lock")
        let released = #expect(throws: ImpossibleTransition.self) { try leading.released(mayBeginAgain: true) }
        #expect(released?.description == "a scheduler that was leading released everything")
    }

    // MARK: The stories

    @Test func `a scheduler that gets the lock leads`() throws {
        let machine = try self.machine()
        #expect(machine.value.state == .idle)
        #expect(try machine.change { try $0.acquire() })
        #expect(machine.value.state == .acquiring)
        #expect(try machine.change { try $0.lockAnswered(lease) } == .lead(lease))
        #expect(machine.value.state == .leading(lease))
        #expect(machine.value.lease == lease)
    }

    @Test func `a held lock fails or makes it wait, as the policy says`() throws {
        let failing = try self.machine(.fail, in: .acquiring)
        #expect(try failing.change { try $0.lockAnswered(nil) } == .fail)
        #expect(failing.value.state == .idle)

        let waiting = try self.machine(.standBy, in: .acquiring)
        #expect(try waiting.change { try $0.lockAnswered(nil) } == .wait)
        #expect(waiting.value.state == .waiting)
        #expect(try waiting.change { try $0.acquire() })
        #expect(waiting.value.state == .acquiring)
    }

    @Test func `a leader does not ask for the lock again`() throws {
        let machine = try self.machine(in: .leading(lease))
        #expect(throws: ImpossibleTransition.self) { try machine.change { try $0.acquire() } }
        #expect(machine.value.state == .leading(lease))
    }

    @Test func `a stop while the lock is asked for leads nowhere, whatever the answer`() throws {
        for answer in [lease, nil] {
            let machine = try self.machine(in: .acquiring)
            machine.value.stop()
            #expect(machine.value.state == .draining(nil))
            #expect(machine.value.isStopping)
            #expect(try machine.change { try $0.lockAnswered(answer) } == .stop)
            #expect(machine.value.state == .draining(nil))
            #expect(try !machine.change { try $0.acquire() })
        }
    }

    @Test func `a leader that is to stop keeps its lease until it is released`() throws {
        let machine = try self.machine(in: .leading(lease))
        machine.value.stop()
        #expect(machine.value.state == .draining(lease))
        #expect(machine.value.lease == lease)
        #expect(!machine.value.mayEnqueue(at: .seconds(10)))
        try machine.value.released(mayBeginAgain: false)
        #expect(machine.value.state == .stopped)
        machine.value.stop()
        #expect(machine.value.state == .stopped)
        #expect(try !machine.change { try $0.acquire() })
    }

    @Test func `what was begun by hand may begin again`() throws {
        let machine = try self.machine(in: .leading(lease))
        machine.value.stop()
        try machine.value.released(mayBeginAgain: true)
        #expect(machine.value.state == .idle)
        #expect(try machine.change { try $0.acquire() })
    }

    @Test func `a lost lock is asked for again`() throws {
        let machine = try self.machine(in: .leading(lease))
        #expect(machine.change { $0.lockLost(token: "a:1") })
        #expect(machine.value.state == .acquiring)
        #expect(machine.value.lease == nil)
        #expect(!machine.change { $0.lockLost(token: "a:1") })
        #expect(try machine.change { try $0.acquire() })
    }

    @Test func `a lock that is lost while stopping is not released later`() throws {
        let machine = try self.machine(in: .leading(lease))
        machine.value.stop()
        #expect(machine.change { $0.lockLost(token: "a:1") })
        #expect(machine.value.state == .draining(nil))
    }

    @Test func `late answers about an older lease change nothing`() throws {
        let machine = try self.machine(in: .leading(lease))
        #expect(!machine.change { $0.lockLost(token: "a:0") })
        machine.value.renewed(token: "a:0", sentAt: .seconds(99))
        #expect(machine.value.state == .leading(lease))
    }

    @Test func `a renewal counts from when it was sent, and never backwards`() throws {
        let machine = try self.machine(in: .leading(lease))
        machine.value.renewed(token: "a:1", sentAt: .seconds(50))
        #expect(machine.value.lease?.renewedAt == .seconds(50))
        machine.value.renewed(token: "a:1", sentAt: .seconds(40))
        #expect(machine.value.lease?.renewedAt == .seconds(50))
        machine.value.stop()
        machine.value.renewed(token: "a:1", sentAt: .seconds(60))
        #expect(machine.value.lease?.renewedAt == .seconds(60))
    }

    @Test func `batches are sent only while the lease can be trusted`() throws {
        let leader = try self.machine(in: .leading(lease))
        #expect(leader.value.mayEnqueue(at: .seconds(10)))
        #expect(leader.value.mayEnqueue(at: .milliseconds(129_999)))
        #expect(!leader.value.mayEnqueue(at: .seconds(130)))
        #expect(try !machine().value.mayEnqueue(at: .zero))
    }
}
