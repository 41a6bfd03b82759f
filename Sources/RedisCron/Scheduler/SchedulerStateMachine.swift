/// The states of a scheduler, and how it gets from one to the next.
///
/// Pure: it is told what happened and says what to do. A transition that cannot happen throws ``ImpossibleTransition`` and
/// changes nothing. Answers that come late are possible: a command was sent in one state and is answered in another.
///
/// ```
///            run()/registerBirth()              lock taken
///   idle ─────────────────────────▶ acquiring ─────────────▶ leading
///                                    │  ▲  ▲                  │   │
///                       lock is held │  │  └──────────────────┘   │
///                         (.standBy) ▼  │       lock lost         │
///                                  waiting                        │
///                                    │            stop            │
///                                    └──────────▶ draining ◀──────┘
///                                                    │ released
///                                                    ▼
///                                                 stopped
/// ```
struct SchedulerStateMachine: Sendable {
    /// A state of a scheduler.
    enum State: Sendable, Hashable {
        /// It has not begun.
        case idle
        /// It asks for the lock.
        case acquiring
        /// Another scheduler leads; it asks again later.
        case waiting
        /// The lock is ours.
        case leading(Lease)
        /// It was asked to stop: what is in flight is finished, and then everything is released.
        case draining(Lease?)
        /// It is over.
        case stopped
    }

    /// What to do after the lock was asked for.
    enum AcquisitionAction: Sendable, Hashable {
        /// Register, and begin to enqueue.
        case lead(Lease)
        /// Ask again after a while.
        case wait
        /// Give up: another scheduler leads.
        case fail
        /// Stop: that was asked for meanwhile. Whatever was taken is released with everything else.
        case stop
    }

    private(set) var state: State = .idle
    /// What to do when another scheduler holds the lock.
    let whenLockHeld: LockHeldPolicy

    init(whenLockHeld: LockHeldPolicy) {
        self.whenLockHeld = whenLockHeld
    }

    /// The lease, while the lock is ours.
    var lease: Lease? {
        switch state {
        case .leading(let lease): lease
        case .draining(let lease): lease
        case .idle, .acquiring, .waiting, .stopped: nil
        }
    }

    /// Whether batches may be sent: the lock is ours and can be trusted at this time.
    func mayEnqueue(at now: Duration) -> Bool {
        if case .leading(let lease) = state { lease.isTrusted(at: now) } else { false }
    }

    /// Whether a stop was asked for.
    var isStopping: Bool {
        switch state {
        case .draining, .stopped: true
        case .idle, .acquiring, .waiting, .leading: false
        }
    }

    /// Begins, or asks for the lock again.
    ///
    /// - Returns: Whether to ask for it; not once a stop was asked for.
    mutating func acquire() throws(ImpossibleTransition) -> Bool {
        switch state {
        case .idle, .waiting, .acquiring:
            state = .acquiring
            return true
        case .draining, .stopped:
            return false
        case .leading:
            throw impossible("asked for the lock")
        }
    }

    /// The lock was asked for, and the answer is here.
    mutating func lockAnswered(_ lease: Lease?) throws(ImpossibleTransition) -> AcquisitionAction {
        switch (state, lease) {
        case (.acquiring, let lease?):
            state = .leading(lease)
            return .lead(lease)
        case (.acquiring, nil):
            switch whenLockHeld {
            case .fail:
                state = .idle
                return .fail
            case .standBy:
                state = .waiting
                return .wait
            }
        case (.draining, _):
            return .stop
        case (.idle, _), (.waiting, _), (.leading, _), (.stopped, _):
            throw impossible(lease == nil ? "was denied the lock" : "was given the lock")
        }
    }

    /// Redis extended the lock in answer to a command sent at that time.
    ///
    /// The answer may be late: about a lease that was lost or released meanwhile. Then it changes nothing.
    mutating func renewed(token: String, sentAt: Duration) {
        switch state {
        case .leading(var lease) where lease.token == token:
            lease.renew(sentAt: sentAt)
            state = .leading(lease)
        case .draining(.some(var lease)) where lease.token == token:
            lease.renew(sentAt: sentAt)
            state = .draining(lease)
        case .idle, .acquiring, .waiting, .leading, .draining, .stopped:
            break
        }
    }

    /// Redis said that the lock of that token is not ours.
    ///
    /// - Returns: Whether we believed until now that we lead; a late answer about an older lease changes nothing.
    mutating func lockLost(token: String) -> Bool {
        switch state {
        case .leading(let lease) where lease.token == token:
            state = .acquiring
            return true
        case .draining(let lease?) where lease.token == token:
            state = .draining(nil)
            return true
        case .idle, .acquiring, .waiting, .leading, .draining, .stopped:
            return false
        }
    }

    /// A stop was asked for.
    mutating func stop() {
        switch state {
        case .leading(let lease): state = .draining(lease)
        case .idle, .acquiring, .waiting: state = .draining(nil)
        case .draining, .stopped: break
        }
    }

    /// Everything is released.
    ///
    /// - Parameter again: Whether the scheduler may begin anew, as after `registerDeath()`.
    mutating func released(mayBeginAgain again: Bool) throws(ImpossibleTransition) {
        switch state {
        case .idle, .acquiring, .waiting, .draining: state = again ? .idle : .stopped
        case .leading, .stopped: throw impossible("released everything")
        }
    }

    private func impossible(_ event: String) -> ImpossibleTransition {
        ImpossibleTransition(event: event, state: state)
    }

    /// A scheduler was told of something that cannot happen in its state: an error of this library.
    struct ImpossibleTransition: Error, Sendable, Hashable, CustomStringConvertible {
        /// What happened, as a verb.
        let event: String
        let state: State

        /// `a scheduler that was leading asked for the lock`.
        var description: String { "a scheduler that was \(state.name) \(event)" }
    }
}

extension SchedulerStateMachine.State {
    /// The state in one word.
    var name: String {
        switch self {
        case .idle: "idle"
        case .acquiring: "acquiring"
        case .waiting: "waiting"
        case .leading: "leading"
        case .draining: "draining"
        case .stopped: "stopped"
        }
    }
}
