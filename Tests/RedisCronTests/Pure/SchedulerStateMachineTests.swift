import Testing

@testable import RedisCron

@Suite struct SchedulerStateMachineTests {
    private let lease = Lease(token: "a:1", timeToLive: .seconds(120), renewedAt: .seconds(10))

    private func machine(_ policy: LockHeldPolicy = .fail, leading: Bool = false) -> Cell<SchedulerStateMachine> {
        let machine = Cell(SchedulerStateMachine(whenLockHeld: policy))
        if leading {
            _ = machine.value.acquire()
            _ = machine.value.lockAnswered(lease)
        }
        return machine
    }

    @Test func `a scheduler that gets the lock leads`() {
        let machine = self.machine()
        #expect(machine.value.state == .idle)
        #expect(machine.change { $0.acquire() })
        #expect(machine.value.state == .acquiring)
        #expect(machine.change { $0.lockAnswered(lease) } == .lead(lease))
        #expect(machine.value.state == .leading(lease))
        #expect(machine.value.lease == lease)
    }

    @Test func `a held lock fails or makes it wait, as the policy says`() {
        let failing = self.machine(.fail)
        _ = failing.value.acquire()
        #expect(failing.change { $0.lockAnswered(nil) } == .fail)
        #expect(failing.value.state == .idle)

        let waiting = self.machine(.standBy)
        _ = waiting.value.acquire()
        #expect(waiting.change { $0.lockAnswered(nil) } == .wait)
        #expect(waiting.value.state == .waiting)
        #expect(waiting.change { $0.acquire() })
        #expect(waiting.value.state == .acquiring)
    }

    @Test func `a leader does not ask for the lock again`() {
        let machine = self.machine(leading: true)
        #expect(!machine.change { $0.acquire() })
        #expect(machine.value.state == .leading(lease))
    }

    @Test func `a stop while the lock is asked for leads nowhere, whatever the answer`() {
        for answer in [lease, nil] {
            let machine = self.machine()
            _ = machine.value.acquire()
            machine.value.stop()
            #expect(machine.value.state == .draining(nil))
            #expect(machine.value.isStopping)
            #expect(machine.change { $0.lockAnswered(answer) } == .stop)
            #expect(machine.value.state == .draining(nil))
            #expect(!machine.change { $0.acquire() })
        }
    }

    @Test func `a leader that is to stop keeps its lease until it is released`() {
        let machine = self.machine(leading: true)
        machine.value.stop()
        #expect(machine.value.state == .draining(lease))
        #expect(machine.value.lease == lease)
        #expect(!machine.value.mayEnqueue(at: .seconds(10)))
        machine.value.released(mayBeginAgain: false)
        #expect(machine.value.state == .stopped)
        machine.value.stop()
        #expect(machine.value.state == .stopped)
        #expect(!machine.change { $0.acquire() })
    }

    @Test func `what was begun by hand may begin again`() {
        let machine = self.machine(leading: true)
        machine.value.stop()
        machine.value.released(mayBeginAgain: true)
        #expect(machine.value.state == .idle)
        #expect(machine.change { $0.acquire() })
    }

    @Test func `a lost lock is asked for again`() {
        let machine = self.machine(leading: true)
        #expect(machine.change { $0.lockLost(token: "a:1") })
        #expect(machine.value.state == .acquiring)
        #expect(machine.value.lease == nil)
        #expect(!machine.change { $0.lockLost(token: "a:1") })
        #expect(machine.change { $0.acquire() })
    }

    @Test func `a lock that is lost while stopping is not released later`() {
        let machine = self.machine(leading: true)
        machine.value.stop()
        #expect(machine.change { $0.lockLost(token: "a:1") })
        #expect(machine.value.state == .draining(nil))
    }

    @Test func `late answers about an older lease change nothing`() {
        let machine = self.machine(leading: true)
        #expect(!machine.change { $0.lockLost(token: "a:0") })
        machine.value.renewed(token: "a:0", sentAt: .seconds(99))
        #expect(machine.value.state == .leading(lease))
    }

    @Test func `a renewal counts from when it was sent, and never backwards`() {
        let machine = self.machine(leading: true)
        machine.value.renewed(token: "a:1", sentAt: .seconds(50))
        #expect(machine.value.lease?.renewedAt == .seconds(50))
        machine.value.renewed(token: "a:1", sentAt: .seconds(40))
        #expect(machine.value.lease?.renewedAt == .seconds(50))
        machine.value.stop()
        machine.value.renewed(token: "a:1", sentAt: .seconds(60))
        #expect(machine.value.lease?.renewedAt == .seconds(60))
    }

    @Test func `batches are sent only while the lease can be trusted`() {
        let leader = self.machine(leading: true)
        #expect(leader.value.mayEnqueue(at: .seconds(10)))
        #expect(leader.value.mayEnqueue(at: .milliseconds(129_999)))
        #expect(!leader.value.mayEnqueue(at: .seconds(130)))
        #expect(!machine().value.mayEnqueue(at: .zero))
    }
}
